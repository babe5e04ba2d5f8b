"""Replicates drawn again vary as they do."""

import numpy as np
import pytest

from dynstudy.statistics.gaussian_process import SMALLEST
from dynstudy.statistics.outcomes import Outcomes


def test_resampled_means_vary_as_means_do(rng: np.random.Generator) -> None:
    samples = [rng.normal(0.5, 0.2, 6), np.array([0.4]), np.full(6, 0.3)]
    outcomes = Outcomes(np.zeros((3, 2)), samples)
    variances, floored = outcomes.variances()
    assert variances[0] == pytest.approx(samples[0].var(ddof=1) / 6)
    assert variances[2] == 0 < floored[2]  # replicates that agree are not believed entirely
    drawn = outcomes.resampled(40_000, rng)
    np.testing.assert_allclose(drawn.var(axis=0), floored, rtol=0.05)
    np.testing.assert_allclose(drawn.mean(axis=0), outcomes.means(), atol=0.01)
    assert floored.min() > SMALLEST
