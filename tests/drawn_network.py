"""Networks as the default draws them, layer by layer."""

from dynstudy.arrays import Array
from dynstudy.task.network import Network


def draw(seed: int, width: int, classes: int, features: int = 2) -> list[Array]:
    """W1, b1, W2, b2 of one hidden layer, as by default."""
    return list(Network().draw(seed, width, classes, features).values())
