"""What the replicates of some cells reached, as they were and drawn again."""

from dataclasses import dataclass

import numpy as np

from dynstudy.arrays import Array
from dynstudy.statistics.gaussian_process import FLOOR, SMALLEST


@dataclass(frozen=True)
class Outcomes:
    """What the replicates of some cells reached, and where these are."""

    places: Array  # (K, 2) log A, log T
    samples: list[Array]  # K of (n,) accuracies or forgetting, none empty

    def means(self) -> Array:
        """(K,) over replicates."""
        return np.array([sample.mean() for sample in self.samples])

    def variances(self) -> tuple[Array, Array]:
        """(K,) of the means: as the replicates say, and floored."""
        sizes = np.array([len(sample) for sample in self.samples])
        spread = np.array([
            sample.var(ddof=1) if len(sample) > 1 else np.nan for sample in self.samples
        ])
        several = np.isfinite(spread)
        pooled = 0.0
        if several.any():
            pooled = float(np.average(spread[several], weights=sizes[several] - 1))
        spread = np.where(several, spread, pooled)
        return spread / sizes, np.maximum(spread, FLOOR * pooled) / sizes + SMALLEST

    def resampled(self, draws: int, rng: np.random.Generator) -> Array:
        """Return means (draws, K) of replicates that are drawn with replacement.

        They are as spread as means of so many really are: the bootstrap of n replicates varies by
        (n - 1)/n too little, which is undone; what a variance was raised by to its floor is added
        as normal noise.
        """
        variances, floored = self.variances()
        means = np.empty((draws, len(self.samples)))
        for k, sample in enumerate(self.samples):
            n = len(sample)
            if n > 1:
                drawn = sample[rng.integers(n, size=(draws, n))].mean(1)
                means[:, k] = sample.mean() + (drawn - sample.mean()) * np.sqrt(n / (n - 1))
            else:
                means[:, k] = sample.mean() + rng.normal(0, np.sqrt(variances[k]), draws)
        return means + rng.normal(0, 1, means.shape) * np.sqrt(floored - variances)
