"""An Optuna sampler that looks for where a quantity crosses a level, not for its largest value.

It needs nothing else of dynstudy: `optuna.create_study(sampler=BoundarySampler(...))`. What it
models and how it chooses is in `dynstudy.statistics.gaussian_process` and
`dynstudy.search.level_sets`; a study file with ``kind = "boundary"`` chooses its cells alike.
"""

import itertools
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.search_space import IntersectionSearchSpace
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import qmc
from threadpoolctl import threadpool_limits

from dynstudy.arrays import Array
from dynstudy.search.level_sets import STRETCH, Field, choose, spread_out
from dynstudy.statistics.gaussian_process import GaussianProcess, floored

QUASI_RANDOM = 512
"""Places to choose from where there is no grid."""


@dataclass(frozen=True)
class Level:
    """A quantity, and the level whose crossing is looked for."""

    at: float = 0.0
    value: str | None = None
    """The trials' user attribute that is the quantity; None for their value."""
    error: str | None = None
    """The user attribute that is its standard error; None where it is exact."""


class BoundarySampler(optuna.samplers.BaseSampler):
    """Proposes the trials that settle most places as above or below a level.

    Each quantity is a Gaussian process over the numeric parameters (logarithmic where their
    distribution is); a place is settled where its 95 % band does not contain the level. After a
    first design that fills the space, each trial is placed where it makes the sum of the straddle
    scores (Bryan et al. 2005, NeurIPS 18) of all places fall most; of levels of several quantities,
    the sums are added in units of each quantity's spread. Trials that are running count as if they
    had shown what is expected of them (Ginsbourger et al. 2010), so that `study.ask` can be called
    several times before `study.tell`. Categorical parameters are drawn at random, and not modelled.

    Args:
        levels: what to look for: one level or several, of one quantity or of several.
        candidates: the values that each numeric parameter can have, to choose from their grid;
            anywhere in their distributions if None.
        first: how many trials fill the space before any is chosen.
        seed: the same seed and trials give the same proposals.

    Raises:
        ValueError: there is no level, or fewer than two first trials, or no value of a candidate.
    """

    def __init__(
        self,
        levels: Level | Sequence[Level] = (Level(),),
        *,
        candidates: Mapping[str, Sequence[float]] | None = None,
        first: int = 12,
        seed: int = 0,
    ) -> None:
        self.levels = (levels,) if isinstance(levels, Level) else tuple(levels)
        self.candidates = None
        if candidates is not None:
            self.candidates = {name: tuple(values) for name, values in candidates.items()}
            for name, values in self.candidates.items():
                if not values:
                    raise ValueError(f"candidates[{name!r}] is empty; give it at least one value")
        if not self.levels:
            raise ValueError("levels is empty; give at least one Level")
        if first < 2:
            raise ValueError(f"first = {first}: a surface needs at least 2 trials")
        self.first, self.seed = first, seed

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The numeric parameters that all trials have, and that are not fixed."""
        space = IntersectionSearchSpace().calculate(study)
        return {
            name: values
            for name, values in space.items()
            if isinstance(values, FloatDistribution | IntDistribution) and not values.single()
        }

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Choose the numeric parameters of a trial together."""
        if not search_space:
            return {}
        rng = np.random.default_rng((self.seed, trial.number))
        axes = [_Axis(name, values) for name, values in search_space.items()]
        rows = self._grid(axes) if self.candidates else _quasi_random(axes, rng)
        places = _places(axes, rows)
        complete, running = (
            [t for t in study.get_trials(deepcopy=False, states=(state,)) if _has(t, axes)]
            for state in (TrialState.COMPLETE, TrialState.RUNNING)
        )
        seen, pending = (
            _places(axes, [trial.params for trial in trials]) for trials in (complete, running)
        )
        with threadpool_limits(1):  # many small matrices: threads would wait for each other
            fields = self._fields(study, complete, seen, len(places))
            begun = len(complete) + len(running)
            if begun < self.first or not fields:
                (best,) = spread_out(places, np.concatenate([seen, pending]), 1, rng)
            else:
                taken = _among(places, np.concatenate([seen, pending])) if self.candidates else []
                left = taken if len(taken) < len(places) else []  # all were tried: again, then
                (best,) = choose(fields, places, left, 1, pending)
        return {axis.name: axis.member(rows[best][axis.name]) for axis in axes}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw the parameters of the first trial, and categorical ones, at random."""
        seed = (self.seed, trial.number, zlib.crc32(param_name.encode()))
        rng = np.random.default_rng(seed)
        if self.candidates and param_name in self.candidates:
            axis = _Axis(param_name, param_distribution)
            return axis.member(float(rng.choice(self.candidates[param_name])))
        drawn = optuna.samplers.RandomSampler(seed=int(rng.integers(2**31)))
        return drawn.sample_independent(study, trial, param_name, param_distribution)

    def _grid(self, axes: Sequence["_Axis"]) -> list[dict[str, float]]:
        values = []
        for axis in axes:
            if axis.name not in (self.candidates or {}):
                raise ValueError(
                    f"candidates lacks {axis.name!r}, which the trials have; give its values"
                )
            candidates = (self.candidates or {})[axis.name]
            for value in candidates:
                axis.check(value)
            values.append(candidates)
        names = [axis.name for axis in axes]
        return [dict(zip(names, row, strict=True)) for row in itertools.product(*values)]

    def _fields(
        self, study: optuna.Study, trials: Sequence[FrozenTrial], seen: Array, count: int
    ) -> list[Field]:
        """A surface for each quantity that at least two trials tell something of."""
        if len(study.directions) > 1 and any(level.value is None for level in self.levels):
            raise ValueError(
                "the study has several values: name a user attribute in each Level(value=...)"
            )
        grouped: dict[tuple[str | None, str | None], list[float]] = {}
        for level in self.levels:
            grouped.setdefault((level.value, level.error), []).append(level.at)
        fields = []
        for (value, error), levels in grouped.items():
            means = np.array([
                _number(t.user_attrs.get(value) if value else t.value) for t in trials
            ])
            errors = np.array([_number(t.user_attrs.get(error)) if error else 0.0 for t in trials])
            finite = np.isfinite(means)
            if finite.sum() < 2:
                continue
            # the surface is made for numbers of the size of 1
            middle, scale = float(means[finite].mean()), float(means[finite].std()) or 1.0
            surface = GaussianProcess(
                seen[finite], (means[finite] - middle) / scale, floored(errors[finite] / scale)
            )
            at = (np.array(levels)[:, None] - middle) / scale
            fields.append(Field(surface, np.tile(at, count), np.zeros(count)))
        return fields


class _Axis:
    """A numeric parameter, and its place in the cube."""

    def __init__(self, name: str, distribution: Any) -> None:
        self.name, self.values = name, distribution

    def to_unit(self, value: float) -> float:
        low, high = float(self.values.low), float(self.values.high)
        if self.values.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)

    def from_unit(self, unit: float) -> float:
        low, high = float(self.values.low), float(self.values.high)
        if self.values.log:
            return math.exp(math.log(low) + unit * (math.log(high) - math.log(low)))
        return low + unit * (high - low)

    def member(self, value: float) -> float | int:
        """The nearest value that the distribution has."""
        low, high, step = self.values.low, self.values.high, self.values.step
        if step is not None:
            value = low + round((value - low) / step) * step
        value = min(max(value, low), high)
        return int(value) if isinstance(self.values, IntDistribution) else float(value)

    def check(self, value: float) -> None:
        if not self.values.low <= value <= self.values.high:
            raise ValueError(
                f"candidates[{self.name!r}] has {value}, but the trials draw it from "
                f"{self.values.low} to {self.values.high}; leave it out"
            )


def _quasi_random(axes: Sequence[_Axis], rng: np.random.Generator) -> list[dict[str, float]]:
    points = qmc.Sobol(len(axes), rng=rng).random(QUASI_RANDOM)
    return [
        {axis.name: axis.member(axis.from_unit(unit)) for axis, unit in zip(axes, row, strict=True)}
        for row in points.tolist()
    ]


def _places(axes: Sequence[_Axis], rows: Sequence[Mapping[str, Any]]) -> Array:
    units = [[axis.to_unit(row[axis.name]) for axis in axes] for row in rows]
    return STRETCH * np.array(units, float).reshape(len(rows), len(axes))


def _has(trial: FrozenTrial, axes: Sequence[_Axis]) -> bool:
    return all(axis.name in trial.params for axis in axes)


def _among(places: Array, taken: Array) -> list[int]:
    """Which of the places are taken."""
    indices = []
    for point in taken:
        distance = ((places - point) ** 2).sum(axis=1)
        if distance.min() < 1e-12:
            indices.append(int(distance.argmin()))
    return list(dict.fromkeys(indices))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
