"""Maps whose true gains are known, to see what the tests of cells hold of what they claim.

Outcomes are as those of trained networks: near the transition each learns the spiral or does not,
and accuracies are whole numbers of validation points, so ties happen.
"""

from dataclasses import dataclass

import numpy as np

from dynstudy.arrays import Array, Ints
from dynstudy.config import EQUIVALENCE, FEWEST
from dynstudy.errors import DynstudyError
from dynstudy.measure.accuracy import standard_error
from dynstudy.statistics.cell_tests import CELL_TESTS, CellTests, Contrast, Evidence
from dynstudy.statistics.labels import HARMFUL, NEUTRAL, USEFUL, label
from dynstudy.statistics.sequential import FamilyLooks
from dynstudy.statistics.spreads import HIGH, LOW, SPREADS, Spread
from dynstudy.study.rounds import Rounds
from dynstudy.study.spec import BASELINE_FACTOR

MODE_SD = 0.01
NARROW_SD = 0.05
"""As measured at width 20, where all end near each other."""

POINTS = 3000  # validation points, of which an accuracy is a whole number
CELLS = 24
MOST = 500  # replicates: the tests of more take gigabytes


@dataclass(frozen=True)
class SimulatedMap:
    """Cells of one loss and width, which share a baseline."""

    gains: Array  # (K,) true ones
    samples: Array  # (K, n)
    baseline: Array  # (m,)


@dataclass(frozen=True)
class Verdicts:
    """What a reader is told about the cells of a map."""

    labels: list[str]  # (K,)
    low: Array  # (K,) of the 95 % interval of the gain
    high: Array  # (K,)
    replicates: Ints  # (K,) that were needed


@dataclass(frozen=True)
class Calibration:
    """What the statistics did on many maps; each `_se` is a standard error over maps.

    Cells of a map share a baseline and are not independent, so a binomial standard error over
    cells would be too small.
    """

    spread: str
    replicates: int
    gain: float
    power: float  # share of the cells that gain labelled useful, nan where none does
    power_se: float
    false_discoveries: float  # mean share of wrong labels among useful and harmful
    false_discoveries_se: float
    false_neutral: float  # share labelled neutral of the cells that are not within the bound
    false_neutral_se: float
    coverage: float  # share of 95 % intervals that hold the true gain
    coverage_se: float
    networks: float  # mean of a cell: fewer than replicates where they are added in rounds
    networks_se: float
    maps: int


def plant_map(
    rng: np.random.Generator, spread: Spread, gains: Array, replicates: int
) -> SimulatedMap:
    """Draw outcomes of cells with true gains (K,); their baseline has four times the replicates."""
    means = np.repeat((spread.static + gains)[:, None], replicates, axis=1)
    static = np.full(BASELINE_FACTOR * replicates, spread.static)
    return SimulatedMap(
        gains, _outcomes(rng, means, spread.bimodal), _outcomes(rng, static, spread.bimodal_static)
    )


def _outcomes(rng: np.random.Generator, means: Array, bimodal: bool) -> Array:
    if bimodal:
        learned = rng.random(means.shape) < (means - LOW) / (HIGH - LOW)
        accuracies = np.where(learned, HIGH, LOW) + rng.normal(0, MODE_SD, means.shape)
    else:
        accuracies = means + rng.normal(0, NARROW_SD, means.shape)
    return np.round(np.clip(accuracies, 0, 1) * POINTS) / POINTS


def judge_map(
    planted: SimulatedMap, tests: CellTests = CELL_TESTS, fewest: int | None = None
) -> Verdicts:
    """Judge a map as a study's report does; rounds, if any, begin with `fewest` replicates."""
    count, replicates = planted.samples.shape
    looks = (replicates,) if fewest is None else Rounds(min=fewest, max=replicates).looks
    family = FamilyLooks(np.arange(count), looks)
    forgetting = [np.empty(0)]  # nothing of it is simulated

    def evidence(indices: Ints, size: int) -> Evidence:
        shared = np.zeros(len(indices), np.int64)
        accuracy = Contrast(list(planted.samples[indices, :size]), [planted.baseline], shared)
        return tests(accuracy, Contrast(forgetting * len(indices), forgetting, shared))

    while family.going.any():
        family.look(evidence)
    sizes = family.looked
    tested = [planted.samples[index, :size] for index, size in enumerate(sizes)]
    gain = Contrast(tested, [planted.baseline], np.zeros(count, np.int64)).difference
    low, high = gain.interval(family.confidence)
    labels = label(family.evidence, sizes, len(planted.baseline))
    return Verdicts(labels.regimes, low, high, sizes)


def planted_gains(spread: Spread, gain: float) -> Array:
    """Gains of a map's cells: half of them 0, the others plus and (if it can be) minus `gain`."""
    gains = np.zeros(CELLS)
    gains[: CELLS // 2] = gain
    if spread.harm:
        gains[: CELLS // 4] = -gain
    return gains


def check(spread: str, replicates: int, gain: float, fewest: int | None = None) -> None:
    """Raise a `DynstudyError` where outcomes cannot gain so much, or replicates are off limits."""
    static = SPREADS[spread].static
    most = round(HIGH - static, 9)
    if not 0 <= gain <= most:  # nan, too
        raise DynstudyError(
            f"--gain {gain:g}: must lie from 0 to {most:g}, as a static loss ends at {static:g}"
        )
    if not FEWEST <= replicates <= MOST:
        raise DynstudyError(
            f"--replicates {replicates}: must lie from {FEWEST}, below which nothing is tested, "
            f"to {MOST}"
        )
    if fewest is not None and not FEWEST <= fewest < replicates:
        raise DynstudyError(
            f"--min {fewest}: must be at least {FEWEST} and below --replicates {replicates}"
        )


def calibrate(
    spread: str,
    replicates: int,
    gain: float,
    maps: int = 200,
    seed: int = 0,
    fewest: int | None = None,
    tests: CellTests = CELL_TESTS,
) -> Calibration:
    """Return what the statistics say of simulated maps of one size of effect.

    `spread` is one of `SPREADS`; `gain` the true one of the cells that have any, 0 for maps on
    which nothing happens. Replicates come in rounds if there is a `fewest` to begin with,
    `replicates` at most. What cannot be simulated is a `DynstudyError`.

    >>> calibrate("narrow", 6, 0.2, maps=5).power
    1.0
    """
    check(spread, replicates, gain, fewest)
    chosen = SPREADS[spread]
    # every row has outcomes of its own, whatever other rows are asked for
    rng = np.random.default_rng([seed, replicates, round(gain * 1e6), *spread.encode()])
    gains = planted_gains(chosen, gain)
    counts = []
    for _ in range(maps):
        planted = plant_map(rng, chosen, gains, replicates)
        counts.append(_counts(planted, judge_map(planted, tests, fewest)))
    names = ("power", "false_discoveries", "false_neutral", "coverage", "networks")
    shares: dict[str, float] = {}
    for name, of_maps in zip(names, np.transpose(counts), strict=True):
        shares[name], shares[f"{name}_se"] = float(of_maps.mean()), standard_error(of_maps)
    return Calibration(spread, replicates, gain, **shares, maps=maps)


def _counts(planted: SimulatedMap, verdicts: Verdicts) -> tuple[float, ...]:
    """Power, false discoveries, false neutral labels, coverage and networks of one map."""
    labels, gains = np.array(verdicts.labels), planted.gains
    useful, harmful = labels == USEFUL, labels == HARMFUL
    wrong = (useful & (gains <= 0)) | (harmful & (gains >= 0))
    # a gain at the bound is not within it
    beyond = np.abs(gains) >= EQUIVALENCE
    covered = (verdicts.low <= gains) & (gains <= verdicts.high)
    return (
        _share(useful[gains > 0]),
        wrong.sum() / max(1, (useful | harmful).sum()),
        _share(labels[beyond] == NEUTRAL),
        covered.mean(),
        verdicts.replicates.mean(),
    )


def _share(which: np.ndarray) -> float:
    return float(which.mean()) if len(which) else np.nan
