"""What a kind of network answers: its parameters by name, and what it makes of points.

P points, F features, C classes.
"""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from dynstudy.arrays import Array
from dynstudy.section import Section


class TaskNetwork(Section):
    """The networks of a study (``[protocol.network]``); ``width`` is an axis, whatever it is of."""

    kind: str

    padded: ClassVar[bool]
    """Whether networks of several widths are one stack, with zeros beyond each one's width."""

    @abstractmethod
    def shapes(self, width: int, features: int, classes: int) -> dict[str, tuple[int, ...]]:
        """The shapes of its parameters by their names."""

    @abstractmethod
    def draw(self, seed: int, width: int, classes: int, features: int) -> dict[str, Array]:
        """Return the initial parameters by their names, in float64, by seed and sizes alone."""

    @abstractmethod
    def outputs(self, arrays: Mapping[str, Array], x: Array, width: int, seed: int) -> Array:
        """Return f(x) (P, C) of one network, from its parameters and x (P, F), in float64."""

    @abstractmethod
    def state_dict(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """One network's parameters by the names, and in the shapes, that PyTorch's modules take."""

    @abstractmethod
    def of_state_dict(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """What `state_dict` was given."""

    @abstractmethod
    def architecture(self, features: int) -> str:
        """The module that takes these, in words of PyTorch's."""

    @abstractmethod
    def content(self) -> dict[str, Any]:
        """What a network's key has of it, beside the initialisation."""

    @property
    @abstractmethod
    def drawn_by(self) -> str:
        """Names the draw, in the ledger."""

    def beside(self, folder: Path) -> Self:
        """The same, what it is made by looked for in a folder, too."""
        return self

    def taken_along(self) -> Self:
        """The same, for a machine that does not have what is made in this process."""
        return self
