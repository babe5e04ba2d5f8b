"""A boundary study: what its trials tell of the cells that are not trained, and which come next.

Cells are trials when they are trained, as in a map, and the next batch follows from those before
it alone. So a study that was interrupted goes on to the same cells as one that was not.

Each loss and learning rate has surfaces of its own over log A, log T and log width: of validation
accuracy, whose level is what the static loss reaches at that width, and of net forgetting. Accuracy
is modelled rather than gain, since it is the smoother of the two over width: that labelled more
cells right on all four maps it was tried on (docs/boundary.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial
from threadpoolctl import threadpool_limits

from dynstudy.arrays import Array
from dynstudy.config import EQUIVALENCE, Configuration
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.measure.window import forgetting_window
from dynstudy.search.level_sets import STRETCH, Field, choose, spread_out
from dynstudy.statistics.gaussian_process import GaussianProcess, floored
from dynstudy.study.kinds.boundary import ENDED, BoundarySpec
from dynstudy.study.tried import complete, configuration_of, number_of

SURE = 1.645  # standard deviations: 95 %, one-sided


@dataclass(frozen=True)
class Predicted:
    """What surfaces say of the cells of a panel; nan where nothing can be said."""

    accuracy: Array  # (G,)
    accuracy_error: Array  # (G,)
    gain: Array  # (G,)
    gain_error: Array  # (G,) the baseline's standard error included
    forgetting: Array  # (G,) net
    forgetting_error: Array  # (G,)

    @property
    def useful(self) -> NDArray[np.bool_]:
        """Where the gain is above 0 with 95 % confidence."""
        return self.gain > SURE * self.gain_error

    @property
    def harmful(self) -> NDArray[np.bool_]:
        """Where the gain is below 0 with 95 % confidence."""
        return self.gain < -SURE * self.gain_error

    @property
    def neutral(self) -> NDArray[np.bool_]:
        """Where the gain is within ±0.02, each side with 95 % confidence."""
        near = np.abs(self.gain) + SURE * self.gain_error < EQUIVALENCE
        return near & ~self.useful & ~self.harmful

    @property
    def forgets(self) -> NDArray[np.bool_]:
        """Where forgetting is above 0.4 with 95 % confidence."""
        return self.forgetting - SURE * self.forgetting_error > CATASTROPHIC

    @property
    def settled(self) -> NDArray[np.bool_]:
        """Where both labels are known with 95 % confidence."""
        remembers = self.forgetting + SURE * self.forgetting_error < CATASTROPHIC
        decided = self.forgets | remembers | np.isnan(self.forgetting)
        return (self.useful | self.harmful | self.neutral) & decided


@dataclass(frozen=True)
class TrialPanel:
    """The cells of one loss and learning rate, and the trials among them."""

    candidates: tuple[Configuration, ...]  # G
    trials: dict[int, FrozenTrial]  # by their index among the candidates, in order of the trials
    static: Array  # (G,) accuracy of the static loss at each cell's width, nan if not trained
    static_error: Array  # (G,)
    defined: NDArray[np.bool_]  # (G,) whether there are oscillations enough for forgetting

    @property
    def places(self) -> Array:
        """(G, 3) log A, log T and log width, scaled to the sides of a cube."""
        axes = [[each.amplitude, each.period, each.width] for each in self.candidates]
        logs = np.log(np.array(axes, float))
        low, span = logs.min(axis=0), np.ptp(logs, axis=0)
        return np.asarray(STRETCH * (logs - low) / np.where(span > 0, span, 1.0))

    def first(self, count: int) -> "TrialPanel":
        """The panel when it had so many trials."""
        return replace(self, trials=dict(list(self.trials.items())[:count]))

    @cached_property  # fitting them is what takes time
    def fields(self) -> tuple[Field, Field | None] | None:
        """Surfaces of accuracy and net forgetting; None where too few cells are trained."""
        trained, trials = np.array(list(self.trials), int), list(self.trials.values())
        accuracy = np.array([trial.value for trial in trials], float)
        if len(trained) < 2 or np.isnan(self.static).any():
            return None
        surface = GaussianProcess(self.places[trained], accuracy, floored(_numbers(trials, "sem")))
        gain = Field(surface, self.static[None], self.static_error**2)
        lost = _numbers(trials, "forgetting")
        read = np.isfinite(lost)
        if read.sum() < 2:
            return gain, None
        errors = _numbers(trials, "forgetting_sem")[read]
        level = np.where(self.defined, CATASTROPHIC, np.inf)
        return gain, Field(
            GaussianProcess(self.places[trained[read]], lost[read], floored(errors)),
            level[None],
            np.zeros(len(level)),
        )

    def predicted(self) -> Predicted:
        """What the surfaces say of all cells, those that are trained included."""
        nothing = np.full(len(self.candidates), np.nan)
        with threadpool_limits(1):  # many small matrices: threads would wait for each other
            fields = self.fields
            if fields is None:
                return Predicted(*[nothing] * 6)
            accuracy, error = fields[0].surface.at(self.places)
            lost = lost_error = nothing
            if fields[1] is not None:
                lost, lost_error = (
                    np.where(self.defined, value, np.nan)
                    for value in fields[1].surface.at(self.places)
                )
        gain_error = np.sqrt(error**2 + self.static_error**2)
        return Predicted(accuracy, error, accuracy - self.static, gain_error, lost, lost_error)

    def unsettled(self) -> int:
        """How many cells are neither trained nor settled."""
        open_cells = ~self.predicted().settled
        open_cells[list(self.trials)] = False
        return int(open_cells.sum())


def trial_panels(spec: BoundarySpec, study: optuna.Study) -> list[TrialPanel]:
    """What a study's trials tell, by loss and learning rate in the order of its candidates."""
    trials: dict[Configuration, FrozenTrial] = {}
    for trial in complete(study):
        if (configuration := configuration_of(study, trial)) is not None:
            trials.setdefault(configuration, trial)
        for name in ("value", "sem", "forgetting", "forgetting_sem"):
            number_of(study, trial, name)  # or it is damaged
    needed = spec.protocol.data.classes + 1
    panels = []
    for group in spec.candidates():
        candidates = tuple(cell.configuration for cell in group)
        index = {configuration: number for number, configuration in enumerate(candidates)}
        baselines = [trials.get(configuration.baseline()) for configuration in candidates]
        errors = [trial.user_attrs.get("sem") if trial else None for trial in baselines]
        protocol = spec.protocol.at(candidates[0].learning_rate)  # which they share
        counts = [forgetting_window(protocol, each.period or 0).count for each in candidates]
        panels.append(
            TrialPanel(
                candidates,
                {index[each]: trial for each, trial in trials.items() if each in index},
                np.array([trial.value if trial else np.nan for trial in baselines], float),
                np.nan_to_num(np.array(errors, float)),
                np.array(counts) >= needed,
            )
        )
    return panels


def next_cells(spec: BoundarySpec, panel: TrialPanel, number: int = 0) -> list[Configuration]:
    """What is left of a panel's batch, the most wanted first; none if all is settled or spent."""
    size, most = spec.boundary.batch, min(spec.boundary.cells, len(panel.candidates))
    count_before = len(panel.trials) // size * size  # a crash may leave a part of a batch as trials
    before, count = panel.first(count_before), min(size, most - count_before)
    places, taken = panel.places, list(before.trials)
    with threadpool_limits(1):
        fields = before.fields
        if fields is None:
            rng = np.random.default_rng((spec.boundary.seed, number))
            chosen = spread_out(places, places[:0], count, rng)
        elif not before.unsettled():
            chosen = []
        else:
            both = [field for field in fields if field is not None]
            chosen = choose(both, places, taken, count, places[:0])
    return [panel.candidates[index] for index in chosen if index not in panel.trials]


def end(study: optuna.Study, spec: BoundarySpec, trials: int) -> None:
    """Keep that a study is over, until its budget is raised."""
    study.set_user_attr(ENDED, [spec.boundary.cells, trials])


def _numbers(trials: Sequence[FrozenTrial], name: str) -> Array:
    """A user attribute of each trial, nan where it has none."""
    return np.array([trial.user_attrs.get(name) for trial in trials], float)
