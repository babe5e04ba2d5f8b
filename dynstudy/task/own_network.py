"""Anyone's ``torch.nn.Module`` as the networks of a study, made by a function of width and seed.

What it is made by is known by its name and its version: the code itself is in no key, so whoever
changes the model raises the version. PyTorch is loaded when a module is made, not before.
"""

import pickle
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import Field, PrivateAttr, field_validator

from dynstudy.arrays import Array
from dynstudy.errors import NEEDS_TORCH, SpecError
from dynstudy.section import told_apart
from dynstudy.task.imported import file_in, imported, said
from dynstudy.task.network import Network
from dynstudy.task.task_network import TaskNetwork

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

Maker = Callable[[int, int], "Module"]


class OwnNetwork(TaskNetwork):
    """A module for each width and seed (``[protocol.network]``, ``kind = "python"``)."""

    padded: ClassVar[bool] = False

    kind: Literal["python"] = Field(
        description="your own model: a `torch.nn.Module` that takes (P, F) floats and gives (P, C) "
        "outputs, one for each class"
    )
    function: str = Field(
        description='`"package.module:function"`, called as function(width, seed), which returns '
        "the module; PyTorch's generator is seeded before"
    )
    version: str | None = Field(
        None,
        description="a word or a number, which you change with the model: networks of one function "
        "and version are taken for the same model",
        json_schema_extra={"default": "must be given"},
    )
    folder: str = Field(
        "",
        description="where the function's module is looked for, before what is installed",
        json_schema_extra={"default": "the study file's folder"},
    )
    _given: Maker | None = PrivateAttr(None)  # the function itself, where it was given in Python
    _pickled: bytes | None = PrivateAttr(None)  # the same, on its way to another process
    _loaded: Maker | None = PrivateAttr(None)  # the same, once it was imported or unpickled

    @field_validator("function")
    @classmethod
    def _a_function(cls, function: str) -> str:
        module, _, name = function.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
            raise ValueError('must name a function, as in "package.module:function"')
        return function

    @field_validator("version", mode="before")
    @classmethod
    def _changed_by_hand(cls, version: Any) -> Any:
        if isinstance(version, int) and not isinstance(version, bool):
            version = str(version)
        if version is None or version == "":
            raise ValueError(
                'must be given, as in "1": networks are kept by the function\'s name and this, and '
                "one whose code has changed would be taken for what it was; raise it "
                "whenever the model changes"
            )
        return version

    @classmethod
    def of(cls, model: Any, version: Any) -> Self:
        """Return the network of a function, or of the name of one.

        Raises:
            SpecError: it has no name by which it could be known again.
            ValueError: there is no version.
        """
        if isinstance(model, str):
            return cls(kind="python", function=model, version=version)
        if not isinstance(model, FunctionType | type) or "<lambda>" in model.__qualname__:
            raise SpecError(
                f"model = {str(model)[:60]}: must be a function of width and seed that has a name "
                '(def net(width, seed): ...), or "package.module:function": its networks are kept '
                "under that"
            )
        name = f"{model.__module__}:{model.__qualname__.replace('<locals>.', '')}"
        folder = _folder_of(model)
        network = cls(kind="python", function=name, version=version, folder=folder)
        network._given = cast(Maker, model)
        return network

    def __eq__(self, other: object) -> bool:
        """Wherever the function is found."""
        return isinstance(other, OwnNetwork) and self._named == other._named

    def __hash__(self) -> int:
        return hash(self._named)

    @property
    def _named(self) -> tuple[str, str | None]:
        return self.function, self.version

    def __str__(self) -> str:
        return f"{self.function}, version {self.version}"

    def content(self) -> dict[str, Any]:
        """Its name and version."""
        named = {"kind": self.kind, "function": self.function, "version": self.version}
        return {"network": named}

    @property
    def drawn_by(self) -> str:
        """By the function."""
        return "function"

    @property
    def maker(self) -> Maker:
        """The function; a `SpecError` says where it was looked for if it is not there."""
        if self._given is not None:
            return self._given
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def check_there(self) -> None:
        """See that the function can be had, and PyTorch; a `SpecError` says what is missing."""
        if find_spec("torch") is None:
            raise SpecError(f"a model of your own {NEEDS_TORCH}")
        _ = self.maker

    def _load(self) -> Maker:
        if self._pickled is not None:
            return cast(Maker, pickle.loads(self._pickled))
        if self.function.startswith("__main__:"):
            raise SpecError(
                f"function {self.function!r} is of a notebook, or of a script, which is not what "
                "runs here: put it into a module of its own, or train where it is"
            )
        try:
            function = imported(self.function, Path(self.folder))
        except ValueError as error:
            raise SpecError(f"protocol.network.function = {error}") from None
        if not callable(function):
            raise SpecError(f"protocol.network.function = {self.function!r}: is no function")
        return cast(Maker, function)

    def made(self, width: int, seed: int) -> "tuple[Module, Tensor]":
        """Make a module, and leave PyTorch's generator as it was.

        Returns:
            The module, and the generator's state after it was made: a loop that goes on from there
            draws what this network's training does.

        Raises:
            SpecError: the function fails, or returns something else.
        """
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self._module(width, seed), torch.get_rng_state()

    def _module(self, width: int, seed: int) -> "Module":
        from torch.nn import Module

        try:
            made = self.maker(width, seed)
        except SpecError:
            raise
        except Exception as error:
            raise SpecError(
                f"function {self.function!r} fails for width {width}, seed {seed}: {said(error)}"
            ) from error
        if not isinstance(made, Module):
            raise SpecError(
                f"function {self.function!r} returns {type(made).__name__} for width {width}, seed "
                f"{seed}: must be a torch.nn.Module"
            )
        return made

    def shapes(self, width: int, features: int, classes: int) -> dict[str, tuple[int, ...]]:
        """Of all that its state is, in the order of `module_state`."""
        state = module_state(self.made(width, 0)[0])
        return {name: tuple(tensor.shape) for name, tensor in state.items()}

    def draw(self, seed: int, width: int, classes: int, features: int) -> dict[str, Array]:
        """Return the state of a new module, in the order of `module_state`."""
        state = module_state(self.made(width, seed)[0])
        return {name: tensor.cpu().double().numpy() for name, tensor in state.items()}

    def outputs(self, arrays: Mapping[str, Array], x: Array, width: int, seed: int) -> Array:
        """Return f(x) (P, C) of the module in evaluation, in float64."""
        import torch
        from torch.func import functional_call

        module = self.made(width, seed)[0].cpu().double().eval()
        state = {  # without what is beyond the width, where there are wider ones beside it
            name: torch.tensor(arrays[name][tuple(map(slice, like.shape))]).to(like.dtype)
            for name, like in module_state(module).items()
        }
        with torch.no_grad():
            outputs = functional_call(module, state, (torch.tensor(x),))
        return cast(Array, outputs.numpy())

    def state_dict(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """As they are."""
        return dict(arrays)

    def of_state_dict(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """As they are."""
        return dict(tensors)

    def architecture(self, features: int) -> str:
        """What the function makes."""
        return f"{self.function}(width, seed), version {self.version}"

    def beside(self, folder: Path) -> Self:
        """The same, looked for in a folder where its own is not there."""
        here = file_in(self.function, Path(self.folder)) is not None
        if self._given is not None or here or file_in(self.function, folder) is None:
            return self
        return self.model_copy(update={"folder": str(folder.absolute())})

    def taken_along(self) -> Self:
        """Return the same with the function itself, where it cannot be imported by its name.

        Raises:
            SpecError: it cannot be sent.
        """
        copy = self.model_copy()
        copy._loaded = None  # a function of the study's folder, which is nowhere else importable
        if self._given is None:
            return copy
        copy._given = None
        if self._given.__module__ != "__main__" and "<locals>" not in self._given.__qualname__:
            return copy
        import cloudpickle  # which comes with distributed

        try:
            copy._pickled = cloudpickle.dumps(self._given)
        except Exception as error:
            raise SpecError(
                f"function {self.function!r} cannot be sent to other processes ({said(error)}); "
                "put it into a module that they can import"
            ) from error
        return copy


def _folder_of(function: Any) -> str:
    """Where a function's module is imported from; empty if that is no file."""
    file = getattr(sys.modules.get(function.__module__), "__file__", None)
    if file is None or function.__module__ == "__main__":
        return ""
    path = Path(file).absolute()
    above = function.__module__.count(".") + (path.name == "__init__.py")
    return str(path.parents[above])


def module_state(module: "Module") -> "dict[str, Tensor]":
    """Return what a module's state is, by the names of its ``state_dict``.

    Parameters, each once, those that are trained before those that are not; then buffers.
    """
    parameters = sorted(module.named_parameters(), key=lambda named: not named[1].requires_grad)
    return {name: tensor.detach() for name, tensor in (*parameters, *module.named_buffers())}


def trained_count(module: "Module") -> int:
    """How many of the tensors of `module_state` are trained: the first ones."""
    return sum(parameter.requires_grad for parameter in module.parameters())


def network_with_kind(network: Any) -> Any:
    """A table without a kind is of layers, as all were before there was another."""
    return told_apart(network, "kind", Network, OwnNetwork)


AnyNetwork = Annotated[Network | OwnNetwork, Field(discriminator="kind")]
