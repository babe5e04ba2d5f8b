"""A power law through onsets some of which lie beyond the map: regression with censored values.

With x = log A* at each place, x = X β + error. The errors are normal with the covariance of the
resampled onsets. A censored onset contributes the probability of lying where it does, beyond the
map (Tobin 1958; for intervals and censoring at both sides Amemiya 1984, Journal of Econometrics 24,
3-61).
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from dynstudy.report.regimes import Array

SMALLEST_SD = 1e-3
"""Of log A*: no onset is known better than to 0.1 %."""


@dataclass(frozen=True)
class Line:
    """The most likely β, and how far the onsets are from X β."""

    beta: Array  # (k,)
    misfit: float  # twice the log likelihood that onsets free of any law gain
    freedom: int  # onsets inside the map minus k

    @property
    def p_value(self) -> float:
        """Of the law, by the likelihood ratio against free onsets; nan without freedom."""
        return float(stats.chi2.sf(self.misfit, self.freedom)) if self.freedom > 0 else np.nan


def spread(place: Array, drawn: Array) -> Array:
    """The covariance (P, P) of onsets, from resampled ones that may lie beyond the map.

    Args:
        place: the onsets (P,); those that are not finite get a row of nan.
        drawn: resampled onsets (R, P).

    Returns:
        With standard deviations from quantiles, which need no end that is beyond the map.
    """
    inside = np.isfinite(place)
    deviation = np.full(len(place), np.nan)
    for p in np.flatnonzero(inside):
        own = drawn[~np.isnan(drawn[:, p]), p]
        low, high = np.quantile(own, stats.norm.cdf([-1, 1]), method="inverted_cdf")
        sides = [side for side in (place[p] - low, high - place[p]) if np.isfinite(side)]
        deviation[p] = max(np.mean(sides), SMALLEST_SD) if sides else np.nan
    correlation = np.eye(len(place))
    for p, q in np.argwhere(np.triu(np.outer(inside, inside), 1)):
        both = np.isfinite(drawn[:, p]) & np.isfinite(drawn[:, q])
        pair = drawn[np.ix_(both, [p, q])]
        if len(pair) > 2 and (pair.std(axis=0) > 0).all():
            correlation[p, q] = correlation[q, p] = np.corrcoef(pair.T)[0, 1]
    # pairs that were estimated from different draws need not fit together
    values, vectors = np.linalg.eigh(correlation)
    correlation = (vectors * np.maximum(values, 0.01)) @ vectors.T
    scale = np.sqrt(np.diag(correlation))
    return correlation / np.outer(scale, scale) * np.outer(deviation, deviation)


def regress(design: Array, place: Array, covariance: Array, ends: Array) -> Line | None:
    """Fit x = X β by maximum likelihood.

    Args:
        design: X (P, k).
        place: x (P,), ±inf where censored, nan where there is no onset.
        covariance: of x (P, P), as of `spread`.
        ends: (P, 2) log A between which each onset was looked for.

    Returns:
        The fit; None with fewer onsets inside the map than k + 1, or where X does not tell β.
    """
    inside = np.isfinite(place) & np.isfinite(np.diag(covariance))
    count, size = int(inside.sum()), design.shape[1]
    if count <= size or np.linalg.matrix_rank(design[inside]) < size:
        return None
    factor = np.linalg.inv(np.linalg.cholesky(covariance[np.ix_(inside, inside)]))
    white, target = factor @ design[inside], factor @ place[inside]
    beta = np.linalg.lstsq(white, target, rcond=None)[0]
    beyond = np.isinf(place)
    if beyond.any():
        sign = np.sign(place[beyond])
        bound = np.where(sign > 0, ends[beyond, 1], ends[beyond, 0])
        sd = float(np.median(np.sqrt(np.diag(covariance)[inside])))
        outside = sign[:, None] * design[beyond] / sd
        edge = sign * bound / sd

        def lost(beta: Array) -> tuple[float, Array]:
            """Minus the log likelihood, which is convex, and its gradient."""
            missed = white @ beta - target
            depth = outside @ beta - edge
            log_share = stats.norm.logcdf(depth)
            hazard = np.exp(stats.norm.logpdf(depth) - log_share)
            value = 0.5 * missed @ missed - log_share.sum()
            return float(value), white.T @ missed - outside.T @ hazard

        found = optimize.minimize(lost, beta, jac=True, method="BFGS")
        return Line(found.x, 2 * float(found.fun), count - size)
    missed = white @ beta - target
    return Line(beta, float(missed @ missed), count - size)
