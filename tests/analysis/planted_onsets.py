"""Panels that forget from a power law on."""

import math
from functools import cache

import numpy as np
import pytest

from dynstudy.analysis.onset_scaling import Scaling, fit_panels
from dynstudy.analysis.onsets import ForgettingPanel
from dynstudy.statistics.outcomes import Outcomes

AMPLITUDES = np.geomspace(10, 3000, 9)
PERIODS = np.geomspace(30, 3000, 7).round()


def forgetting(distance: np.ndarray) -> np.ndarray:
    """Along log A - log A*, 0.4 at the onset."""
    return 0.1 + 0.6 / (1 + np.exp(-3 * distance))


def planted(
    b: float, rate: float = 1.0, c: float = 0.0, width: int = 20, a: float = 1.5, seed: int = 0
) -> ForgettingPanel:
    """A panel that forgets from A* = e^a T^b η^c on."""
    points = np.log([(x, t) for x in AMPLITUDES for t in PERIODS])
    true = forgetting(points[:, 0] - a - b * points[:, 1] - c * math.log(rate))
    rng = np.random.default_rng([seed, int(10 * rate), width])
    samples = [rng.normal(mean, 0.08, 10) for mean in true]
    return ForgettingPanel(
        "planted", "dce", width, rate, Outcomes(points, samples), np.full(len(true), 1e-4)
    )


@cache
def three_panels() -> Scaling:
    """Two panels of one width with laws, and one of another that forgets everywhere."""
    panels = [planted(0.5, 1.0), planted(0.5, 3.0), planted(0.5, 3.0, width=50, a=-2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dynstudy.analysis.onset_scaling.DRAWS", 10)  # it is drawn and written alone
        return fit_panels("dce", panels)
