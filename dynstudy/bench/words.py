"""The words of the benchmark's options: light, so that the command line knows them at once."""

from enum import StrEnum

PEERS = ("loop", "bmm", "graph", "compile", "jax")


class Device(StrEnum):
    """The processor, or a card."""

    cpu = "cpu"
    cuda = "cuda"
