"""A quantity over the axes of a study as a surface: a Gaussian process that pools neighbours.

What a network does is smooth in log A, log T and log width, so that neighbours tell of a cell what
its own few replicates leave open. Kernel: Matérn 3/2 with a length for each axis, chosen by
marginal likelihood (Rasmussen & Williams 2006, chapters 2 and 5); each cell brings the standard
error of its own mean.
"""

import warnings
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from dynstudy.arrays import Array

FLOOR = 0.25
"""A cell's variance is at least this share of what replicates vary by on average: ten of them can
agree by chance where outcomes are bimodal."""

LENGTHS = (0.2, 20.0)
"""Bounds of the lengths over which a quantity changes, in units of the places."""

SMALLEST = 1e-8
"""Variance that is added so that matrices can be factorised; accuracies differ by more."""


def floored(errors: Array) -> Array:
    """Return variances of means from their standard errors (K,), unknown ones nan.

    None is less than a share of their average, as few replicates may agree by chance.

    >>> floored(np.array([0.0, 0.2, np.nan])).round(3)
    array([0.005, 0.04 , 0.02 ])
    """
    variances = errors**2
    measured = np.isfinite(variances)
    average = float(variances[measured].mean()) if measured.any() else 0.0
    return np.maximum(np.where(measured, variances, average), FLOOR * average) + SMALLEST


class GaussianProcess:
    """A surface conditioned on the means (K,) of at least two cells, at places (K, D).

    `noise` is the variance of each mean (K,), never 0. Kernel and level are those of `like`, or
    fitted.
    """

    def __init__(
        self, places: Array, means: Array, noise: Array, like: "GaussianProcess | None" = None
    ) -> None:
        self.places, self.means, self.noise = places, means, noise
        if like is None:
            self.level = float(np.average(means, weights=1 / noise))
            self.kernel = self._fitted()
        else:
            self.level, self.kernel = like.level, like.kernel
        self._factor = cho_factor(self.kernel(places) + np.diag(noise), lower=True)

    def _fitted(self) -> Any:
        # which takes half a second to load, and most of what reads a map fits nothing
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, Matern

        spread = max(float(self.means.var()), 1e-4)
        kernel = ConstantKernel(spread, (1e-2 * spread, 1e2 * spread)) * Matern(
            [2.0] * self.places.shape[1], LENGTHS, nu=1.5
        )
        process = GaussianProcessRegressor(kernel, alpha=self.noise)
        with warnings.catch_warnings():
            # a length at its bound: nothing changes along that axis, or everything at every cell
            warnings.simplefilter("ignore", ConvergenceWarning)
            process.fit(self.places, self.means - self.level)
        return process.kernel_

    @property
    def spread(self) -> float:
        """The standard deviation of the quantity over all places, as the kernel has it."""
        return float(np.sqrt(self.kernel.diag(self.places[:1])[0]))

    def at(self, places: Array) -> tuple[Array, Array]:
        """The surface's mean and standard deviation (G,) at some places (G, D)."""
        across = self.kernel(places, self.places)
        mean = self._mean(across)
        explained = np.einsum("gk,kg->g", across, cho_solve(self._factor, across.T))
        return mean, np.sqrt(np.maximum(self.kernel.diag(places) - explained, 0.0))

    def means_at(self, places: Array) -> Array:
        """The surface's mean (G,) alone."""
        return self._mean(self.kernel(places, self.places))

    def _mean(self, across: Array) -> Array:
        """The mean (G,) where the covariance with the cells is (G, K)."""
        return self.level + across @ cho_solve(self._factor, self.means - self.level)

    def covariance(self, first: Array, second: Array) -> Array:
        """What is still unknown at some places (G, D) and others (H, D): (G, H)."""
        weights = cho_solve(self._factor, self.kernel(self.places, second))
        return np.asarray(self.kernel(first, second) - self.kernel(first, self.places) @ weights)

    def believing(self, places: Array) -> "GaussianProcess":
        """Return the surface as if places (N, D) had shown just what is expected of them.

        The kriging believer (Ginsbourger, Le Riche & Carraro 2010), which lets several places be
        chosen before any of them is measured; the noise is the others' median, the kernel the same.
        """
        if not len(places):
            return self
        return GaussianProcess(
            np.concatenate([self.places, places]),
            np.concatenate([self.means, self.at(places)[0]]),
            np.concatenate([self.noise, np.full(len(places), np.median(self.noise))]),
            self,
        )

    def draws(self, places: Array, means: Array, rng: np.random.Generator) -> Array:
        """Return surfaces (draws, G) by resampled means (draws, K): Matheron's rule of kriging.

        The means are the noise, which need not be normal; `rng` draws the surfaces between the
        cells.
        """
        count = len(places)
        both = np.concatenate([places, self.places])
        covariance = self.kernel(both)
        covariance[np.diag_indices_from(covariance)] += SMALLEST
        root = np.linalg.cholesky(covariance).T
        prior = rng.normal(0, 1, (len(means), len(both)))
        weights = cho_solve(self._factor, covariance[count:, :count])
        # what is drawn at the places, and what the cells are off by; each matrix as small as can be
        between = prior @ (root[:, :count] - root[:, count:] @ weights)
        return self.level + between + (means - self.level) @ weights
