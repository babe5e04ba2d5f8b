"""Gain over amplitude and period as a surface: a Gaussian process that pools neighbouring cells.

The field is smooth in (log A, log T), so that neighbours tell of a cell what its own few replicates
leave open. Kernel: Matérn 3/2 with a length for each axis, chosen by marginal likelihood
(Rasmussen & Williams 2006, chapters 2 and 5); each cell brings the standard error of its own mean.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

Array = NDArray[np.float64]

FLOOR = 0.25
"""A cell's variance is at least this share of what replicates vary by on average: ten of them can
agree by chance where outcomes are bimodal."""

LENGTHS = (0.2, 20.0)
"""Bounds of the lengths over which the gain changes, in units of log A and log T."""

SMALLEST = 1e-8
"""Variance that is added so that matrices can be factorised; accuracies differ by more."""


@dataclass(frozen=True)
class Outcomes:
    """What the replicates of some cells reached, and where these are."""

    place: Array  # (K, 2) log A, log T
    samples: list[Array]  # K of (n,) validation accuracies, none empty

    def means(self) -> Array:
        """(K,) over replicates."""
        return np.array([sample.mean() for sample in self.samples])

    def variances(self) -> tuple[Array, Array]:
        """(K,) of the means: as the replicates say, and floored."""
        sizes = np.array([len(sample) for sample in self.samples])
        own = np.array([
            sample.var(ddof=1) if len(sample) > 1 else np.nan for sample in self.samples
        ])
        known = np.isfinite(own)
        pooled = float(np.average(own[known], weights=sizes[known] - 1)) if known.any() else 0.0
        own = np.where(known, own, pooled)
        return own / sizes, np.maximum(own, FLOOR * pooled) / sizes + SMALLEST

    def resampled(self, draws: int, rng: np.random.Generator) -> Array:
        """Draw replicates of each cell with replacement.

        Args:
            draws: how often.
            rng: what draws.

        Returns:
            Their means (draws, K), as spread as means of so many really are: the bootstrap
            of n replicates varies by (n - 1)/n too little, which is undone; what a variance was
            raised by to its floor is added as normal noise.
        """
        own, floored = self.variances()
        means = np.empty((draws, len(self.samples)))
        for k, sample in enumerate(self.samples):
            n = len(sample)
            if n > 1:
                drawn = sample[rng.integers(n, size=(draws, n))].mean(1)
                means[:, k] = sample.mean() + (drawn - sample.mean()) * np.sqrt(n / (n - 1))
            else:
                means[:, k] = sample.mean() + rng.normal(0, np.sqrt(own[k]), draws)
        return means + rng.normal(0, 1, means.shape) * np.sqrt(floored - own)


class Surface:
    """A Gaussian process conditioned on the cells' means.

    Args:
        outcomes: of at least two cells.
    """

    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes = outcomes
        self.means, (_, self.noise) = outcomes.means(), outcomes.variances()
        self.level = float(np.average(self.means, weights=1 / self.noise))
        spread = max(float(self.means.var()), 1e-4)
        kernel = ConstantKernel(spread, (1e-2 * spread, 1e2 * spread)) * Matern(
            [2.0, 2.0], LENGTHS, nu=1.5
        )
        process = GaussianProcessRegressor(kernel, alpha=self.noise)
        with warnings.catch_warnings():
            # a length at its bound: the gain does not change along that axis, or at every cell
            warnings.simplefilter("ignore", ConvergenceWarning)
            process.fit(outcomes.place, self.means - self.level)
        self.kernel: Any = process.kernel_
        prior = self.kernel(outcomes.place) + np.diag(self.noise)
        self._factor = cho_factor(prior, lower=True)

    def at(self, place: Array) -> tuple[Array, Array]:
        """The surface's mean and standard deviation (G,) at some places (G, 2)."""
        across = self.kernel(place, self.outcomes.place)
        mean = self.level + across @ cho_solve(self._factor, self.means - self.level)
        known = np.einsum("gk,kg->g", across, cho_solve(self._factor, across.T))
        return mean, np.sqrt(np.maximum(self.kernel.diag(place) - known, 0.0))

    def draws(self, place: Array, means: Array, rng: np.random.Generator) -> Array:
        """Surfaces that agree with resampled means: conditioning by kriging (Matheron's rule).

        Args:
            place: where (G, 2).
            means: of the cells (draws, K), resampled: they are the noise, which need not be normal.
            rng: of the surfaces between the cells.

        Returns:
            One surface for each (draws, G).
        """
        count = len(place)
        both = np.concatenate([place, self.outcomes.place])
        covariance = self.kernel(both)
        covariance[np.diag_indices_from(covariance)] += SMALLEST
        prior = rng.normal(0, 1, (len(means), len(both))) @ np.linalg.cholesky(covariance).T
        missed = means - self.level - prior[:, count:]
        return (
            self.level
            + prior[:, :count]
            + (covariance[:count, count:] @ cho_solve(self._factor, missed.T)).T
        )
