"""A network of hidden layers, and the initial state that is drawn for it."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from dynstudy.arrays import Array
from dynstudy.task.task_network import TaskNetwork

INITIALISATION = "glorot-normal, bias 0.01"
"""Names the draw that is the default; part of a replicate's identity in the ledger."""

BIAS_STD = 0.01

Activation = Literal["relu", "tanh", "gelu"]
Initialisation = Literal["glorot-normal", "glorot-uniform", "he-normal", "he-uniform", "pytorch"]


class Network(TaskNetwork):
    """Hidden layers of as many units each: ``width``, which is an axis (``[protocol.network]``).

    f(x) = a(… a(a(x W1 + b1) W2 + b2) …) W + b with the activation a.
    """

    padded: ClassVar[bool] = True

    # left out of what is stored, which is what it was before there were other kinds
    kind: Literal["mlp"] = Field(
        "mlp", description="hidden layers, fully connected", exclude_if=lambda _: True
    )
    depth: int = Field(1, ge=1, le=32, description="hidden layers, of `width` units each")
    activation: Activation = Field(
        "relu", description="what follows each hidden layer; `gelu` is the exact one"
    )
    initialisation: Initialisation = Field(
        "glorot-normal",
        description="how weights are drawn: variance 2/(fan_in + fan_out) (Glorot & Bengio 2010), "
        "2/fan_in (He et al. 2015), biases normal of standard deviation 0.01 with either; or as "
        "`torch.nn.Linear` does, weights and biases uniform within 1/√fan_in",
    )

    def sizes(self, width: int, features: int, classes: int) -> list[int]:
        """Return the sizes of all layers, from the inputs to the outputs.

        >>> Network(depth=2).sizes(20, features=4, classes=3)
        [4, 20, 20, 3]
        """
        return [features, *[width] * self.depth, classes]

    def shapes(self, width: int, features: int, classes: int) -> dict[str, tuple[int, ...]]:
        """The shapes of its parameters by their names: weights before the biases of their layer."""
        sizes = self.sizes(width, features, classes)
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
            shapes |= {f"W{layer}": (fan_in, fan_out), f"b{layer}": (fan_out,)}
        return shapes

    @property
    def first_and_last(self) -> tuple[str, str]:
        """The weights that take the inputs, and those that give the outputs."""
        return "W1", f"W{self.depth + 1}"

    def outputs(
        self, arrays: Mapping[str, Array], x: Array, width: int = 0, seed: int = 0
    ) -> Array:
        """Return f(x) (P, C) of one network, from its parameters and x (P, F), in NumPy."""
        layers = self.depth + 1
        for layer in range(1, layers + 1):
            x = x @ arrays[f"W{layer}"] + arrays[f"b{layer}"]
            if layer < layers:
                x = _activated(self.activation, x)
        return x

    def draw(self, seed: int, width: int, classes: int, features: int) -> dict[str, Array]:
        """Return W1 (F, H), b1 (H,), …, and of the outputs (H, C), (C,), in float64.

        The draw depends on the seed, not negative, and the sizes alone: never on the network's
        place in a batch, on the backend or on the dtype it is cast to afterwards.
        """
        rng = np.random.default_rng(np.random.SeedSequence((seed, width)))
        sizes = self.sizes(width, features, classes)
        arrays = {}
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
            arrays[f"W{layer}"] = _weights(rng, self.initialisation, fan_in, fan_out)
            if self.initialisation == "pytorch":
                arrays[f"b{layer}"] = rng.uniform(-1, 1, fan_out) / np.sqrt(fan_in)
            else:
                arrays[f"b{layer}"] = rng.normal(0, BIAS_STD, fan_out)
        return arrays

    def state_dict(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """As ``torch.nn.Sequential`` of layers and activations has them, weights (out, in)."""
        return {_in_sequential(name): np.ascontiguousarray(arrays[name].T) for name in arrays}

    def of_state_dict(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """What `state_dict` was given."""
        return {name: tensors[_in_sequential(name)].T for name in self.shapes(1, 1, 1)}

    def architecture(self, features: int) -> str:
        """A ``torch.nn.Sequential``."""
        activation = {"relu": "ReLU()", "tanh": "Tanh()", "gelu": "GELU()"}[self.activation]
        hidden = f", Linear(width, width), {activation}" * (self.depth - 1)
        return (
            f"Sequential(Linear({features}, width), {activation}{hidden}, Linear(width, classes))"
        )

    def content(self) -> dict[str, Any]:
        """What a network's key has of it, beside the initialisation; nothing by default."""
        named = self.model_dump(mode="json", exclude={"initialisation"})
        return {} if self.depth == 1 and self.activation == "relu" else {"network": named}

    def __str__(self) -> str:
        layers = "1 hidden layer" if self.depth == 1 else f"{self.depth} hidden layers"
        return f"{layers} of {self.activation}"

    @property
    def drawn_by(self) -> str:
        """Names the draw, in the ledger."""
        return {"glorot-normal": INITIALISATION}.get(self.initialisation, self.initialisation)


ONE_HIDDEN_LAYER = Network()
"""Of ReLU, drawn as always."""


def _in_sequential(name: str) -> str:
    """Return what W1, b1 and so on are called where activations stand between layers.

    >>> _in_sequential("W1"), _in_sequential("b3")
    ('0.weight', '4.bias')
    """
    return f"{2 * (int(name[1:]) - 1)}.{'weight' if name[0] == 'W' else 'bias'}"


def _activated(activation: Activation, z: Array) -> Array:
    if activation == "relu":
        return np.maximum(z, 0)
    if activation == "tanh":
        return np.tanh(z)
    from scipy.special import ndtr  # the normal distribution, which is slow to load

    return z * ndtr(z)


def _weights(rng: np.random.Generator, how: Initialisation, fan_in: int, fan_out: int) -> Array:
    variance = {"glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in, "pytorch": 1 / (3 * fan_in)}
    kind, _, shape = how.partition("-")
    if shape == "normal":
        return rng.normal(0, np.sqrt(variance[kind]), (fan_in, fan_out))
    return rng.uniform(-1, 1, (fan_in, fan_out)) * np.sqrt(3 * variance[kind])
