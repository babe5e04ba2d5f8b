"""A line through places of which only an interval is known: regression with censored values.

y = X β + error, the errors independent and normal with one standard deviation; each y is known to
lie between two ends, one of which may be infinite. An observation contributes the probability of
its interval (Tobin 1958; with both ends, Stewart 1983). In β/sd and 1/sd the log likelihood is
concave (Burridge 1981), so that a maximum is the largest.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from dynstudy.arrays import Array
from dynstudy.statistics.two_samples import LEVEL

SMALLEST_SD = 0.1
"""Of log A*. A line that passes through all intervals would have no error; replicates do."""
LARGEST_SD = 30.0
FARTHEST = 100.0  # from β, where an end of an interval is looked for


@dataclass(frozen=True)
class Line:
    """The likeliest β."""

    beta: Array  # (k,)
    sd: float
    log_likelihood: float
    inside: int  # observations with two finite ends: what a fit has to rest on

    @property
    def freedom(self) -> int:
        """What is left to tell the error."""
        return self.inside - len(self.beta)


def fit_line(design: Array, low: Array, high: Array) -> Line | None:
    """Return the likeliest β, of `design` X (P, k) and the ends of each y (P,).

    These are infinite where unknown. None where too few observations have two finite ends (fewer
    than k + 1, or of a lower rank than k) to tell β and an error.
    """
    inside = np.isfinite(low) & np.isfinite(high)
    count, size = int(inside.sum()), design.shape[1]
    if count <= size or np.linalg.matrix_rank(design[inside]) < size:
        return None
    return _likeliest(design, low, high, count)


def _likeliest(design: Array, low: Array, high: Array, count: int) -> Line:
    base, back = np.linalg.qr(design)  # columns of one size: the search is quick
    size = base.shape[1]
    ends = [np.where(np.isfinite(end), end, 0.0) for end in (low, high)]

    def lost(unknown: Array) -> tuple[float, Array]:
        """Minus the log likelihood and its gradient, in β/sd and 1/sd."""
        centre = base @ unknown[:size]
        z = [
            np.where(np.isfinite(end), finite * unknown[size] - centre, end)
            for end, finite in zip((low, high), ends, strict=True)
        ]
        log_share = _log_share(*z)
        first, last = (np.exp(-0.5 * at**2 - log_share) / np.sqrt(2 * np.pi) for at in z)
        gradient = np.r_[base.T @ (last - first), ends[0] @ first - ends[1] @ last]
        return -float(log_share.sum()), gradient

    middle = np.where(np.isfinite(low) & np.isfinite(high), (ends[0] + ends[1]) / 2, sum(ends))
    start = np.r_[base.T @ middle, 1.0]
    bounds = [(None, None)] * size + [(1 / LARGEST_SD, 1 / SMALLEST_SD)]
    best = optimize.minimize(
        lost, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000}
    )
    beta = np.linalg.solve(back, best.x[:size] / best.x[size]) if size else np.empty(0)
    return Line(beta, 1 / float(best.x[size]), -float(best.fun), count)


def _log_share(low: Array, high: Array) -> Array:
    """Log of the normal probability between two ends, precise in both tails."""
    swap = low > 0
    low, high = np.where(swap, -high, low), np.where(swap, -low, high)
    above, below = special.log_ndtr(high), special.log_ndtr(low)
    return np.asarray(above + np.log(-np.expm1(np.minimum(below - above, -1e-300))))


def interval(
    design: Array, low: Array, high: Array, line: Line, column: int
) -> tuple[float, float]:
    """Return the 95 % interval of one β by profile likelihood, infinite where unbounded.

    Twice the log likelihood may fall by n log(1 + t²/(n - k)), t Student's quantile with n - k
    degrees of freedom: exact for values that are not censored, where it is the usual interval.
    `line` is what `fit_line` made of the same arrays.
    """
    t = stats.t.ppf(1 - LEVEL / 2, line.freedom)
    allowed = line.inside * np.log1p(t**2 / line.freedom)
    rest, times = np.delete(design, column, axis=1), design[:, column]

    def excess(value: float) -> float:
        fixed = _likeliest(rest, low - times * value, high - times * value, line.inside)
        return 2 * (line.log_likelihood - fixed.log_likelihood) - allowed

    best, ends = float(line.beta[column]), []
    for side in (-1, 1):
        step = 0.1
        while excess(best + side * step) < 0 and step < FARTHEST:
            step *= 2
        if step >= FARTHEST:
            ends.append(side * np.inf)
        else:
            root = optimize.brentq(lambda d, side=side: excess(best + side * d), 0, step, xtol=1e-4)
            ends.append(best + side * float(root))
    return ends[0], ends[1]


def p_value(small: Line, large: Line) -> float:
    """Return p of the likelihood ratio test of a model within a larger one, nan if untestable.

    The ratio is read as the F that it would be with values that are not censored, for which the
    test is exact; with χ² it would reject too often, as there are few observations.
    """
    more = len(large.beta) - len(small.beta)
    if more < 1 or large.freedom < 1:
        return np.nan
    ratio = max(0.0, 2 * (large.log_likelihood - small.log_likelihood))
    f = np.expm1(ratio / large.inside) * large.freedom / more
    return float(stats.f.sf(f, more, large.freedom))
