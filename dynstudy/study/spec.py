"""What a study file says, resolved: one immutable `StudySpec`, and what each kind of it answers."""

import pkgutil
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import optuna
from pydantic import Field, ValidationError, field_validator, model_validator

from dynstudy.config import FEWEST, MAX_REPLICATES, Cell, Configuration
from dynstudy.errors import SpecError, either, nearest
from dynstudy.protocol import Protocol
from dynstudy.section import Section, as_whole
from dynstudy.study.axes import BOUNDS, short
from dynstudy.study.epochs import in_steps
from dynstudy.study.kinds import KINDS
from dynstudy.study.rounds import Rounds, counted
from dynstudy.study.shipped import shipped
from dynstudy.study.validation_messages import explain
from dynstudy.task.losses import LOSSES

MAX_CELLS = 1_000_000
BASELINE_FACTOR = 4
"""A baseline is shared by many cells, so it has at least this many times their replicates."""


def _one_network(protocol: Any) -> bool:
    """As `Protocol.one_network`, of one that is not checked yet."""
    if isinstance(protocol, Protocol):
        return protocol.one_network
    if not isinstance(protocol, dict) or protocol.get("initial") is None:
        return False
    data = protocol.get("data")
    return not isinstance(data, dict) or data.get("train_seed") != "replicate"


def _quoted(names: Iterable[str]) -> Iterable[str]:
    return (f'`"{name}"`' for name in names)


class StudySpec(Section):
    """One study file, resolved: every default filled in.

    `of` makes the class of `KINDS` that its ``kind`` names.
    """

    name: str = Field(
        min_length=1,
        max_length=200,
        description="what the study is called in the database and by all commands, on one line",
    )
    kind: str = Field(description=f"how cells are chosen: {either(_quoted(KINDS))}")
    loss: tuple[str, ...] = Field(description=f"what is trained: {either(_quoted(LOSSES))}")
    replicates: Annotated[int | Rounds, counted(rounds=True)] = Field(
        description=f"networks of each cell, from 1 to {MAX_REPLICATES}, seeds 0, 1, ...; "
        "those of a map can come in rounds"
    )
    baseline_replicates: int = Field(
        0,
        ge=0,
        le=BASELINE_FACTOR * MAX_REPLICATES,
        description="networks of each static loss that cells are compared with, at least "
        f"{BASELINE_FACTOR} × `replicates`, since all of them share it; where no loss is "
        "dynamical, at least `replicates`",
        json_schema_extra={"default": f"{BASELINE_FACTOR} × `replicates`"},
    )
    protocol: Protocol = Field(Protocol(), description="how all networks are trained, and on what")

    title: ClassVar[str]
    """What a study of this kind is called in a sentence."""

    on_grid: ClassVar[bool] = False
    """Whether its cells are all crossings of the axes' values, so that a map can be drawn."""

    cells_are_tiles: ClassVar[bool] = False  # whose replicates lie around it
    suggests: ClassVar[bool] = False
    """Whether it draws each cell from a trial, whichever of Optuna's samplers that is from."""

    caution: ClassVar[str] = ""
    """What a reader has to know of every study of this kind, if anything."""

    @field_validator("name")
    @classmethod
    def _printable(cls, name: str) -> str:
        if not name.isprintable() or name != name.strip():
            raise ValueError("must be printable, on one line, with no space at either end")
        return name

    @field_validator("loss", mode="before")
    @classmethod
    def _losses(cls, value: Any) -> tuple[str, ...]:
        losses = [value] if isinstance(value, str) else value
        if not isinstance(losses, list | tuple) or not losses:
            raise ValueError(f"must be one of {', '.join(LOSSES)}, or a list of them")
        for loss in losses:
            if not isinstance(loss, str) or loss not in LOSSES:
                hint = nearest(str(loss), LOSSES)
                raise ValueError(f"{loss!r} is not one of {', '.join(LOSSES)}{hint}")
        return tuple(loss for loss in LOSSES if loss in losses)

    @model_validator(mode="before")
    @classmethod
    def _default_baseline(cls, values: Any) -> Any:
        replicates = values.get("replicates") if isinstance(values, dict) else None
        if isinstance(replicates, dict):
            replicates = replicates.get("max")
        replicates = as_whole(replicates)
        if isinstance(replicates, int) and "baseline_replicates" not in values:
            factor = 1 if _one_network(values.get("protocol")) else BASELINE_FACTOR
            return values | {"baseline_replicates": factor * replicates}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.protocol.one_network:
            for key in ("replicates", "baseline_replicates"):
                if (count := getattr(self, key)) != 1:
                    raise ValueError(
                        f"{key} = {count}: must be 1: networks that start from one file on one "
                        'training set are one; or protocol.data.train_seed = "replicate"'
                    )
            return self
        factor = self.baseline_factor
        least = factor * self.most_replicates
        if self.baseline_replicates < least:
            of = "replicates" if self.rounds is None else "replicates.max"
            times, why = (f"{factor} x ", ", since all cells share it") if factor > 1 else ("", "")
            raise ValueError(
                f"baseline_replicates = {self.baseline_replicates}: must be at least "
                f"{times}{of} = {least}{why}"
            )
        return self

    @property
    def baseline_factor(self) -> int:
        """How many times the replicates of a cell its static loss has, at least."""
        return BASELINE_FACTOR if self.dynamical_losses else 1

    @property
    def baseline_seeds(self) -> range:
        """Of the replicates of each static loss."""
        return range(self.baseline_replicates)

    @property
    def rounds(self) -> Rounds | None:
        """How replicates are added where a cell is not settled; None where all have as many."""
        return self.replicates if isinstance(self.replicates, Rounds) else None

    @property
    def fewest_replicates(self) -> int:
        """The fewest that a cell of a complete study has."""
        return self.replicates.min if isinstance(self.replicates, Rounds) else self.replicates

    @property
    def most_replicates(self) -> int:
        """The most that a cell may have."""
        return self.replicates.max if isinstance(self.replicates, Rounds) else self.replicates

    @property
    def replicates_said(self) -> str:
        """How many replicates a cell has, in words."""
        few, many = self.fewest_replicates, self.most_replicates
        return f"{many}" if few == many else f"{few} to {many}"

    @property
    def untested(self) -> str:
        """What too few replicates cost, in words; empty where there are enough."""
        if self.most_replicates >= FEWEST:
            return ""
        return (
            f"{self.replicates_said} replicates a cell: below {FEWEST} nothing is tested, and with "
            "one there is no standard error"
        )

    @property
    def dynamical_losses(self) -> tuple[str, ...]:
        """Those that A and T matter to."""
        return tuple(loss for loss in self.loss if LOSSES[loss].dynamical)

    @property
    def widest(self) -> int:
        """The units of the widest network that it may train."""
        return max(cell.configuration.width for cell in self.cells_ahead())

    @property
    def most_steps(self) -> int:
        """The steps of the longest training."""
        steps = self.protocol.steps
        return steps if isinstance(steps, int) else max(cell.steps for cell in self.cells_ahead())

    @property
    def best_by(self) -> Literal["val_accuracy", "gain"]:
        """The column of cells that its best cells are best by, wherever they are ranked."""
        return "val_accuracy"

    @property
    def directions(self) -> list[Literal["maximize", "minimize"]]:
        """What Optuna is told about the study's values."""
        return ["maximize"]

    @property
    def metric_names(self) -> list[str]:
        """What these values are."""
        return ["gain" if self.best_by == "gain" else "accuracy"]

    @abstractmethod
    def cells(self, study: optuna.Study) -> list[Cell]:
        """Each cell once that file and trials tell, baselines first, with its most replicates."""

    @abstractmethod
    def cells_ahead(self) -> list[Cell]:
        """The cells that a new study is to train; drawn at random where they are chosen later."""

    @abstractmethod
    def grows_to(self, new: "StudySpec") -> bool:
        """Whether another study file only asks for more than this one."""

    @abstractmethod
    def described(self) -> str:
        """What is varied and how much of it is trained, in words."""

    def cells_so_far(self, study: optuna.Study) -> list[Cell]:
        """As `cells`, with the replicates that each has as far as its trial tells."""
        return self.cells(study)

    def cells_to_keep(self, study: optuna.Study) -> Iterable[Cell]:
        """The cells whose networks a study needs, those that it has yet to finish included."""
        return self.cells(study)

    def planned_trials(self, attributes: Mapping[str, Any], cells: int = 0) -> int:
        """The trials that a complete study is to have: all its cells, unless they are chosen."""
        return cells

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The lowest and highest value of each axis of its cells; the static loss is at A = 1."""
        cells = [cell.configuration for cell in self.cells_ahead()]
        axes = {name: [getattr(cell, name) for cell in cells] for name in BOUNDS}
        if all(cell.static for cell in cells):
            del axes["amplitude"], axes["period"]
        values = {
            name: [value for value in axis if value is not None] for name, axis in axes.items()
        }
        if "amplitude" in values:
            values["amplitude"].append(1.0)
        return {name: (min(axis), max(axis)) for name, axis in values.items() if axis}

    @property
    def plain(self) -> Self:
        """The same networks, nothing of the landscape read."""
        return self.model_copy(update={"protocol": self.protocol.plain})

    def check_installed(self) -> None:
        """Find out before anything is trained that a library is missing: a `SpecError`."""

    def family(self, configuration: Configuration) -> Hashable:
        """Which cells share their control of false discoveries: those of a loss and width."""
        return configuration.loss, configuration.width

    def resolved(self) -> dict[str, Any]:
        """The file with every default filled in, as plain lists, numbers and strings."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def of(
        cls, values: Mapping[str, Any], source: str = "study", folder: Path = Path()
    ) -> "StudySpec":
        """Check the contents of a study file.

        Args:
            values: what the file says.
            source: its name in error messages.
            folder: where paths in it begin.

        Returns:
            The resolved study, of its kind.

        Raises:
            SpecError: a value is not allowed; names its key, the value and what is.
        """
        kind = values.get("kind")
        if "kind" not in values:
            kinds = ", ".join(KINDS)
            raise SpecError(
                f"{source}: key 'kind' is missing; it is one of {kinds}; dynstudy init writes files"
            )
        if not isinstance(kind, str) or kind not in KINDS:
            allowed = " or ".join(map(repr, KINDS))
            raise SpecError(f"{source}: kind = {short(kind)}: must be {allowed}")
        model: type[StudySpec] = pkgutil.resolve_name(KINDS[kind])
        try:
            whole = in_steps(values, folder)
        except ValueError as error:
            raise SpecError(f"{source}: {error}") from None
        try:
            return model.model_validate(whole, context={"folder": folder})
        except ValidationError as error:
            where = f"; dynstudy init {kind} writes a file with all" * (kind in shipped())
            raise SpecError(f"{source}: {explain(error, model, where)}") from None
