"""The protocol of a study: what all its networks share, as tables of its file."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from dynstudy.errors import either, nearest
from dynstudy.read_curvature import ReadCurvature, check_records
from dynstudy.section import MAX_STEPS, Section, integer_or, whole_between
from dynstudy.task.data import AnyData, with_kind
from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.initial import Initial
from dynstudy.task.network import ONE_HIDDEN_LAYER
from dynstudy.task.optimiser import GRADIENT_DESCENT, AnyOptimiser, with_name
from dynstudy.task.own_network import AnyNetwork, network_with_kind
from dynstudy.task.schedule import SCHEDULES, TRIANGLE

Tail = Annotated[int | Literal["period", "none"], integer_or("period", "none", high=MAX_STEPS)]


class PerLearningRate(Section):
    """Steps in inverse proportion to the learning rate, so that all networks descend as far."""

    per_learning_rate: int = Field(
        ge=1, le=MAX_STEPS, description="so many steps at learning rate 1, and N/η at η"
    )


def _counted(value: Any) -> Any:
    """A whole number, or a table of one key."""
    if isinstance(value, dict):
        if value.keys() != {"per_learning_rate"}:
            raise ValueError(
                "must be a whole number, { epochs = NUMBER } or { per_learning_rate = NUMBER }"
            )
        number = whole_between(value["per_learning_rate"], 1, MAX_STEPS, "per_learning_rate ")
        return PerLearningRate(per_learning_rate=number)
    return value if isinstance(value, PerLearningRate) else whole_between(value, 1, MAX_STEPS, "")


def _started(value: Any, info: ValidationInfo) -> Initial | None:
    """A path, relative to the folder that the context names, or what was read of one before."""
    if value is None:
        return value
    if "network" in info.data and not info.data["network"].padded:
        raise ValueError("must be left out: networks start from what their function makes")
    if isinstance(value, Initial):
        return value
    if not isinstance(value, str):
        return Initial.written(value)
    if not {"data", "dtype", "network"} <= info.data.keys():
        return None  # these are wrong, which is said
    data, network = info.data["data"], info.data["network"]
    if network.depth != 1:
        raise ValueError(
            f"has one hidden layer, and protocol.network {network.depth}; leave one of both out"
        )
    folder = (info.context or {}).get("folder", Path())
    return Initial.read(folder / value, data.classes, info.data["dtype"], data.features)


def _scheduled(name: str) -> str:
    if name not in SCHEDULES:
        raise ValueError(f"must be {either(map(repr, SCHEDULES))}{nearest(name, SCHEDULES)}")
    return name


class Protocol(Section):
    """What all networks of a study share (``[protocol]``)."""

    steps: Annotated[int | PerLearningRate, BeforeValidator(_counted)] = Field(
        60_000,
        description="steps of gradient descent, tail included; or "
        "`{ per_learning_rate = N }`: N/η of them at learning rate η, rounded; or "
        "`{ epochs = N }`: those of N passes over all training points",
    )
    tail: Tail = Field(
        10_000,
        description="the last so many steps, from 0, run at A = 1, with the static loss; "
        '`{ epochs = N }`; `"period"`: the last T steps; `"none"`: none; the part of an '
        "oscillation that does not fit before them is static, too",
    )
    until: Literal["onset"] | None = Field(
        None,
        description='`"onset"` ends a network at its first onset of an instability, if that comes '
        "before its last step: it is read there, and there are no baselines, since networks that "
        "end at different steps are not to be compared",
    )
    dtype: Literal["float32", "float64"] = Field(
        "float32", description="precision in which networks are trained"
    )
    data: Annotated[AnyData, BeforeValidator(with_kind)] = Field(
        SpiralData(), description="what networks are trained and read on"
    )
    # what is as it always was is left out of what is stored, which stays as it was
    network: AnyNetwork = Field(
        ONE_HIDDEN_LAYER,
        description="what networks are",
        exclude_if=lambda network: network == ONE_HIDDEN_LAYER,
    )
    optimiser: Annotated[AnyOptimiser, BeforeValidator(with_name)] = Field(
        GRADIENT_DESCENT,
        description="how they are trained",
        exclude_if=lambda optimiser: optimiser.plain,
    )
    schedule: Annotated[str, AfterValidator(_scheduled)] = Field(
        TRIANGLE.name,
        description="how the weight of a class rises and falls in its oscillation, and in which "
        f"order classes take turns: {either(f'`{name}`' for name in SCHEDULES)}",
        exclude_if=lambda name: name == TRIANGLE.name,
    )
    initial: Annotated[Initial | None, BeforeValidator(_started)] = Field(
        None,
        description="an `.npz` file, its path relative to the study file's folder, with W1 (F, H), "
        "b1 (H,), W2 (H, C) and b2 (C,), which all networks start from; their width is H then, and "
        '`replicates` 1, but with `train_seed = "replicate"`; without it, each is drawn from its '
        "seed",
    )
    curvature: ReadCurvature | None = Field(
        None,
        description="what is read of the landscape along training, where there is such a table; it "
        "changes no network: those of the ledger are trained again only for what is missing",
    )

    @property
    def plain(self) -> Self:
        """The same networks, nothing of the landscape read."""
        return self.model_copy(update={"curvature": None})

    def beside(self, folder: Path) -> Self:
        """The same, files that it needs in a folder where they are there alone."""
        moved = {
            "data": self.data.beside(folder),
            "network": self.network.beside(folder),
            "initial": None if self.initial is None else self.initial.beside(folder),
        }
        return self.model_copy(update=moved)

    @property
    def one_network(self) -> bool:
        """Whether all replicates of a cell would be one network."""
        return self.initial is not None and self.data.train_seed != "replicate"

    def start_said(self, seed: int) -> str:
        """Where the network of a seed starts, in words."""
        if self.initial is None:
            return f"seed {seed}"
        drawn = "" if self.one_network else f", seed {seed}"  # of its points
        return f"from {Path(self.initial.file).name}{drawn}"

    def at(self, learning_rate: float) -> Self:
        """The protocol of networks of one learning rate, which says how many steps they take."""
        if isinstance(self.steps, int):
            return self
        steps = max(1, round(self.steps.per_learning_rate / learning_rate))
        return self.model_copy(update={"steps": steps})

    def with_noise(self, noise: float | None) -> Self:
        """The protocol of networks whose spirals have a noise of their own; the same if None."""
        if noise is None:
            return self
        return self.model_copy(update={"data": self.data.model_copy(update={"noise": noise})})

    @property
    def training_steps(self) -> int:
        """How many steps a network takes, of a protocol that is `at` its learning rate."""
        assert isinstance(self.steps, int), "steps per learning rate: ask protocol.at(rate)"
        return self.steps

    @property
    def changes_said(self) -> str:
        """What of its networks is not as it is by default, in words that end a sentence."""
        parts = {
            f"; networks of {self.network}": self.network != ONE_HIDDEN_LAYER,
            f"; trained by {self.optimiser}": not self.optimiser.plain,
            f"; the schedule is {self.schedule}": self.schedule != TRIANGLE.name,
        }
        return "".join(part for part, changed in parts.items() if changed)

    @property
    def steps_said(self) -> str:
        """How many steps, in words."""
        if isinstance(self.steps, int):
            return f"{self.steps:,}"
        return f"{self.steps.per_learning_rate:,}/η"

    @field_validator("network", mode="before")
    @classmethod
    def _network_of_a_kind(cls, network: Any, info: ValidationInfo) -> Any:
        """A function is looked for where the file is."""
        network = network_with_kind(network)
        if isinstance(network, dict) and network["kind"] == "python" and info.context is not None:
            folder = Path(info.context.get("folder", ""), network.get("folder", ""))
            return network | {"folder": str(folder.absolute())}
        return network

    @field_validator("until")
    @classmethod
    def _without_tail(cls, until: str | None, info: ValidationInfo) -> str | None:
        if until is not None and info.data.get("tail", 0) not in {0, "none"}:
            raise ValueError(
                f"with a tail ({info.data['tail']!r}), which a network that ends at its first "
                "onset never comes to; set tail = 0"
            )
        return until

    @field_validator("curvature")
    @classmethod
    def _readable(cls, asked: ReadCurvature | None, info: ValidationInfo) -> ReadCurvature | None:
        optimiser = info.data.get("optimiser")
        if asked is not None and optimiser is not None and not optimiser.plain:
            raise ValueError(
                f"with the optimiser {optimiser}: curvature is read beside 2/η, where gradient "
                "descent on all points becomes unstable; leave out [protocol.optimiser] or this"
            )
        if info.data.get("until") is not None and (asked is None or not asked.onsets):
            raise ValueError(
                'until = "onset" needs onsets to be watched for: a table [protocol.curvature], in '
                "which onsets is not false"
            )
        if isinstance(steps := info.data.get("steps"), int):
            check_records(asked, steps)
        return asked
