"""Maps of one panel whose true gains are those of a field."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.config import EQUIVALENCE
from dynstudy.statistics.power import SPREADS, plant_map
from dynstudy.study.spec import StudySpec

AMPLITUDES = [3, 10, 30, 70, 150, 400, 1000]


PERIODS = [100, 215, 464, 1000, 2154, 4642, 10_000]


PEAK, FAR, WIDTH = 0.25, -0.05, 1.6


HALF = WIDTH * np.sqrt(np.log(PEAK / (EQUIVALENCE - FAR)))
"""A ridge of gain over log A; this far from its middle the gain is 0.02."""


Field = Callable[[float, float], float]


def middle(period: float) -> float:
    """Log A of the ridge: it moves up with the period."""
    return float(np.log(20) + 0.45 * np.log(period / 100))


def ridge(amplitude: float, period: float) -> float:
    return float(FAR + PEAK * np.exp(-(((np.log(amplitude) - middle(period)) / WIDTH) ** 2)))


def simulated(
    field: Field,
    spread: str = "narrow",
    replicates: int = 10,
    seed: int = 0,
    forgets: Callable[[float, float], bool | None] = lambda amplitude, period: False,
    amplitudes: Sequence[float] = AMPLITUDES,
    periods: Sequence[int] = PERIODS,
) -> RegimeMap:
    """A map of one panel with outcomes whose mean gains are those of a field."""
    spec = StudySpec.of({
        "name": "planted",
        "kind": "map",
        "loss": "dce",
        "replicates": replicates,
        "space": {
            "learning_rate": 1.0,
            "amplitude": list(amplitudes),
            "period": list(periods),
            "width": 20,
        },
    })
    places = [(a, t) for a in amplitudes for t in periods]
    gains = np.array([field(*point) for point in places])
    planted = plant_map(np.random.default_rng(seed), SPREADS[spread], gains, replicates)
    shared: dict[str, Any] = {
        "width": 20,
        "learning_rate": 1.0,
        "replicates": replicates,
        "predicted": False,
    }
    rows: list[dict[str, Any]] = [shared | {"loss": "ce", "regime": "baseline", "forgets": None}]
    for amplitude, period in places:
        cell = {"loss": "dce", "regime": "unsettled", "amplitude": amplitude, "period": period}
        rows.append(shared | cell | {"forgets": forgets(amplitude, period)})
    frame = pd.DataFrame(rows).astype({"forgets": object}).assign(noise=np.nan)
    return RegimeMap(spec, frame, [], [planted.baseline, *planted.samples])
