"""The initial state of the network f(x) = relu(x W1 + b1) W2 + b2."""

import numpy as np

from dynstudy.arrays import Array

INITIALISATION = "glorot-normal, bias 0.01"
"""Names what `draw` does; part of a replicate's identity in the ledger."""

BIAS_STD = 0.01


def draw(
    seed: int, width: int, classes: int, features: int = 2
) -> tuple[Array, Array, Array, Array]:
    """Return W1 (F, H), b1 (H,), W2 (H, C), b2 (C,): Glorot-normal weights, biases nearly zero.

    The weights have variance 2 / (fan_in + fan_out), the biases standard deviation 0.01. The draw
    depends on the seed, not negative, and the width alone: never on the network's place in a batch,
    on the backend or on the dtype it is cast to afterwards.

    >>> W1, b1, W2, b2 = draw(seed=0, width=20, classes=3)
    >>> W1.shape, b1.shape, W2.shape, b2.shape
    ((2, 20), (20,), (20, 3), (3,))
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, width)))
    W1 = rng.normal(0, np.sqrt(2 / (features + width)), (features, width))
    b1 = rng.normal(0, BIAS_STD, width)
    W2 = rng.normal(0, np.sqrt(2 / (width + classes)), (width, classes))
    b2 = rng.normal(0, BIAS_STD, classes)
    return W1, b1, W2, b2
