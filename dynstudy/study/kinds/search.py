"""A search: a sampler chooses what is trained, for the best of it."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import optuna
from pydantic import Field, model_validator

from dynstudy.config import MAX_REPLICATES, Cell, Configuration
from dynstudy.measure.measures import reads
from dynstudy.section import Section
from dynstudy.study.axes import Range, choices, described
from dynstudy.study.confirmation import CONFIRM
from dynstudy.study.over_axes import OverAxes
from dynstudy.study.rounds import counted
from dynstudy.study.samplers import AnySearch
from dynstudy.study.spec import StudySpec
from dynstudy.study.tried import asked, finished
from dynstudy.task.losses import LOSSES

FloatAxis = Range | tuple[float, ...]
IntAxis = Range | tuple[int, ...]


class SearchSpace(Section):
    """What a search draws from (``[space]``): ranges, or values to choose from."""

    learning_rate: Annotated[FloatAxis, choices("learning_rate"), described("learning_rate")]
    width: Annotated[IntAxis, choices("width"), described("width")]
    amplitude: Annotated[FloatAxis, choices("amplitude"), described("amplitude")] = (1.0,)
    period: Annotated[Annotated[IntAxis, choices("period")] | None, described("period")] = None


class SearchSpec(OverAxes):
    """A study whose cells are chosen by a sampler, for the best of them."""

    kind: Literal["search"] = Field(description="a sampler of Optuna's chooses what is trained")
    replicates: Annotated[int, counted(rounds=False)] = Field(
        description=f"networks of each trial, from 1 to {MAX_REPLICATES}, seeds 0, 1, ..."
    )
    space: SearchSpace = Field(
        description="what trials are drawn from: each a value, a list to choose from, or a range"
    )
    maximize: Literal["val_accuracy", "gain"] = Field(
        "val_accuracy",
        description="the mean validation accuracy, or its gain over the static loss, which is "
        "trained then, too",
    )
    minimize: Literal["width"] | None = Field(
        None, description="a second objective: the fewest hidden units"
    )
    search: AnySearch = Field(description="how trials are chosen")
    title: ClassVar[str] = "search"
    suggests: ClassVar[bool] = True
    caution: ClassVar[str] = f"these cells were chosen for what they reached: {CONFIRM}"

    @model_validator(mode="after")
    def _searchable(self) -> Self:
        conditional = 0 < len(self.dynamical_losses) < len(self.loss)
        if conditional and self.search.same_parameters:
            raise ValueError(
                f"search.sampler = {self.search.sampler!r}: needs the same parameters in every "
                "trial; choose only dynamical losses or only static ones, or the sampler 'tpe'"
            )
        return self

    @property
    def best_by(self) -> Literal["val_accuracy", "gain"]:
        """What it maximizes."""
        return self.maximize

    def check_installed(self) -> None:
        """Find out before anything is trained that the sampler's library is missing."""
        self.search.check_installed()

    @property
    def directions(self) -> list[Literal["maximize", "minimize"]]:
        """What Optuna is told about the study's values: the width is the second one."""
        return ["maximize", "minimize"] if self.minimize else ["maximize"]

    @property
    def metric_names(self) -> list[str]:
        """What these values are."""
        return [*super().metric_names, *([self.minimize] if self.minimize else [])]

    def family(self, configuration: Configuration) -> Hashable:
        """A search tries many widths, and few cells of each."""
        return configuration.loss

    def suggest(self, trial: optuna.Trial) -> Configuration:
        """Draw a configuration; one of a static loss has neither amplitude nor period."""
        loss = trial.suggest_categorical("loss", self.loss)
        space = self.space
        drawn: dict[str, Any] = {
            "width": _draw(trial, "width", space.width),
            "learning_rate": _draw(trial, "learning_rate", space.learning_rate),
        }
        if LOSSES[loss].dynamical and space.period is not None:
            drawn["amplitude"] = _draw(trial, "amplitude", space.amplitude)
            drawn["period"] = _draw(trial, "period", space.period)
        return Configuration(loss, **drawn)

    def chosen_cells(self, configurations: Iterable[Configuration]) -> Iterator[Cell]:
        """Yield each cell of some trials once, and where gain is aimed at, their baselines first.

        A search visits too many periods for its baselines to be read at each of them, so they are
        read at the end alone: its cells have a gain, but no net forgetting.
        """
        protocol, for_gain = self.protocol, self.maximize == "gain"
        chosen = dict.fromkeys(configurations)
        dynamical = [configuration for configuration in chosen if not configuration.static]
        static = dict.fromkeys(configuration for configuration in chosen if configuration.static)
        if for_gain:
            static |= dict.fromkeys(configuration.baseline() for configuration in dynamical)
        count = self.baseline_replicates if for_gain else self.replicates
        for configuration in static:
            steps = protocol.at(configuration.learning_rate).training_steps
            yield Cell(configuration, range(count), (steps,))
        for configuration in dynamical:
            read = reads(protocol.at(configuration.learning_rate), (configuration.period or 0,))
            yield Cell(configuration, range(self.replicates), read)

    def cells(self, study: optuna.Study) -> list[Cell]:
        """Those that the complete trials chose."""
        return list(self.chosen_cells(finished(study)))

    def cells_ahead(self) -> list[Cell]:
        """As many as it has trials, drawn at random."""
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        drawn = [self.suggest(study.ask()) for _ in range(self.search.trials)]
        return list(self.chosen_cells(drawn))

    def cells_to_keep(self, study: optuna.Study) -> Iterator[Cell]:
        """Those of trials that are in training, too."""
        return self.chosen_cells(asked(study))

    def planned_trials(self, attributes: Mapping[str, Any], cells: int = 0) -> int:
        """As many as the study file says."""
        return self.search.trials

    def grows_to(self, new: StudySpec) -> bool:
        """Whether another study file is the same with more trials."""
        if not isinstance(new, SearchSpec) or new.search.trials <= self.search.trials:
            return False
        more = self.search.model_copy(update={"trials": new.search.trials})
        return self.model_copy(update={"search": more}) == new

    def described(self) -> str:
        """What is varied and how much of it is trained, in words."""
        smallest = f" and the smallest {self.minimize}" if self.minimize else ""
        return (
            f"{self.axes_said()}: {self.search.trials} trials of {self.replicates} networks, "
            f"chosen by {self.search.sampler} for the highest {self.maximize}{smallest}"
        )


def _draw(trial: optuna.Trial, name: str, axis: Range | tuple[float, ...]) -> Any:
    if not isinstance(axis, Range):
        if len(axis) > 1:
            return trial.suggest_categorical(name, axis)
        axis = Range(low=axis[0], high=axis[0])  # a number, so that pictures show one
    suggest: Any = trial.suggest_int if isinstance(axis.low, int) else trial.suggest_float
    return suggest(name, axis.low, axis.high, log=axis.log)
