"""A quantity over the axes of a study as a surface: a Gaussian process that pools neighbours.

What a network does is smooth in log A, log T and log width, so that neighbours tell of a cell what
its own few replicates leave open. Kernel: Matérn 3/2 with a length for each axis, chosen by
marginal likelihood (Rasmussen & Williams 2006, chapters 2 and 5); each cell brings the standard
error of its own mean.
"""

import warnings
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
"""Bounds of the lengths over which a quantity changes, in units of the places."""

SMALLEST = 1e-8
"""Variance that is added so that matrices can be factorised; accuracies differ by more."""


def floored(errors: Array) -> Array:
    """Variances of means from their standard errors (K,), unknown ones nan.

    Args:
        errors: standard errors.

    Returns:
        None of them less than a share of their average, as few replicates may agree by chance.

    >>> floored(np.array([0.0, 0.2, np.nan])).round(3)
    array([0.005, 0.04 , 0.02 ])
    """
    own = errors**2
    average = float(own[np.isfinite(own)].mean()) if np.isfinite(own).any() else 0.0
    return np.maximum(np.where(np.isfinite(own), own, average), FLOOR * average) + SMALLEST


class Surface:
    """A Gaussian process conditioned on the means of some cells.

    Args:
        place: where they are (K, D), at least two.
        means: theirs (K,).
        noise: variances of these means (K,), none of them 0.
        like: a surface whose kernel and level are taken over; fitted if None.
    """

    def __init__(
        self, place: Array, means: Array, noise: Array, like: "Surface | None" = None
    ) -> None:
        self.place, self.means, self.noise = place, means, noise
        if like is None:
            self.level = float(np.average(means, weights=1 / noise))
            self.kernel = self._fitted()
        else:
            self.level, self.kernel = like.level, like.kernel
        self._factor = cho_factor(self.kernel(place) + np.diag(noise), lower=True)

    def _fitted(self) -> Any:
        spread = max(float(self.means.var()), 1e-4)
        kernel = ConstantKernel(spread, (1e-2 * spread, 1e2 * spread)) * Matern(
            [2.0] * self.place.shape[1], LENGTHS, nu=1.5
        )
        process = GaussianProcessRegressor(kernel, alpha=self.noise)
        with warnings.catch_warnings():
            # a length at its bound: nothing changes along that axis, or everything at every cell
            warnings.simplefilter("ignore", ConvergenceWarning)
            process.fit(self.place, self.means - self.level)
        return process.kernel_

    @property
    def spread(self) -> float:
        """The standard deviation of the quantity over all places, as the kernel has it."""
        return float(np.sqrt(self.kernel.diag(self.place[:1])[0]))

    def at(self, place: Array) -> tuple[Array, Array]:
        """The surface's mean and standard deviation (G,) at some places (G, D)."""
        across = self.kernel(place, self.place)
        mean = self.level + across @ cho_solve(self._factor, self.means - self.level)
        known = np.einsum("gk,kg->g", across, cho_solve(self._factor, across.T))
        return mean, np.sqrt(np.maximum(self.kernel.diag(place) - known, 0.0))

    def covariance(self, first: Array, second: Array) -> Array:
        """What is still unknown at some places (G, D) and others (H, D): (G, H)."""
        known = cho_solve(self._factor, self.kernel(self.place, second))
        return np.asarray(self.kernel(first, second) - self.kernel(first, self.place) @ known)

    def believing(self, place: Array) -> "Surface":
        """As if some places (N, D) had been measured and had shown just what is expected of them.

        The kriging believer (Ginsbourger, Le Riche & Carraro 2010), which lets several places be
        chosen before any of them is measured; the noise is that of the others' median.

        Returns:
            Another surface, of the same kernel.
        """
        if not len(place):
            return self
        return Surface(
            np.concatenate([self.place, place]),
            np.concatenate([self.means, self.at(place)[0]]),
            np.concatenate([self.noise, np.full(len(place), np.median(self.noise))]),
            self,
        )

    def draws(self, place: Array, means: Array, rng: np.random.Generator) -> Array:
        """Surfaces that agree with resampled means: conditioning by kriging (Matheron's rule).

        Args:
            place: where (G, D).
            means: of the cells (draws, K), resampled: they are the noise, which need not be normal.
            rng: of the surfaces between the cells.

        Returns:
            One surface for each (draws, G).
        """
        count = len(place)
        both = np.concatenate([place, self.place])
        covariance = self.kernel(both)
        covariance[np.diag_indices_from(covariance)] += SMALLEST
        prior = rng.normal(0, 1, (len(means), len(both))) @ np.linalg.cholesky(covariance).T
        missed = means - self.level - prior[:, count:]
        return (
            self.level
            + prior[:, :count]
            + (covariance[:count, count:] @ cho_solve(self._factor, missed.T)).T
        )
