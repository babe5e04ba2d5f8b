"""Surfaces against the textbook's formulas."""

import numpy as np

from dynstudy.statistics.gaussian_process import GaussianProcess
from dynstudy.statistics.outcomes import Outcomes


def test_a_surface_is_the_gaussian_process_s_posterior(rng: np.random.Generator) -> None:
    """Mean and error against the textbook's formulas (Rasmussen & Williams 2006, eq. 2.23-2.24)."""
    places = rng.uniform(0, 5, (12, 2))
    samples = [rng.normal(np.sin(x), 0.1, 8) for x, _ in places]
    outcomes = Outcomes(places, samples)
    surface = GaussianProcess(places, outcomes.means(), outcomes.variances()[1])
    at = rng.uniform(0, 5, (4, 2))
    prior = surface.kernel(places) + np.diag(surface.noise)
    across = surface.kernel(at, places)
    expected = surface.level + across @ np.linalg.inv(prior) @ (surface.means - surface.level)
    variance = surface.kernel(at) - across @ np.linalg.inv(prior) @ across.T
    mean, error = surface.at(at)
    np.testing.assert_allclose(mean, expected, rtol=1e-6)
    np.testing.assert_allclose(error, np.sqrt(np.diag(variance)), rtol=1e-5)

    # resampled surfaces are as uncertain as the posterior says
    means = surface.means + rng.normal(0, 1, (20_000, 12)) * np.sqrt(surface.noise)
    drawn = surface.draws(at, means, rng)
    np.testing.assert_allclose(drawn.std(axis=0), error, rtol=0.05)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.01)
