"""What may be measured on, as a word: light, so that the command line knows it at once."""

from enum import StrEnum


class Device(StrEnum):
    """The processor, or a card."""

    cpu = "cpu"
    cuda = "cuda"
