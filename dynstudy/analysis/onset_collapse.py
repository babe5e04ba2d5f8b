"""Does one variable bring the forgetting of many cells onto one curve?

The variable is log A - b log T (- c log η - d log width). Through all cells runs one curve of it, a
cubic regression spline; the exponents are those with the least squares (a single-index model).
How good that is tells the share of variance between cells that it explains of periods that were
left out in turn (cross-validation), beside the same for curves of each panel's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.interpolate import BSpline

from dynstudy.analysis.onsets import ForgettingPanel
from dynstudy.arrays import Array

PIECES = 5
"""Of the spline, so eight coefficients. With pieces as short as the grid's steps a curve could wind
through every amplitude by itself."""

DRAWS = 100
CURVE_POINTS = 200  # of the curve in a picture
STARTS = (0.0, 0.5, 1.0)  # of b: the sum of squares may have several minima


@dataclass(frozen=True)
class Cells:
    """What is to lie on a curve: K cells."""

    start: Array  # (K,) log A
    logs: Array  # (K, q) of what the variable divides by, log T first
    period: Array  # (K,) which are left out together

    def only(self, chosen: np.ndarray) -> "Cells":
        """Some of them."""
        return Cells(self.start[chosen], self.logs[chosen], self.period[chosen])

    def variable(self, exponents: Array) -> Array:
        """(K,) its log."""
        return self.start - self.logs @ exponents


@dataclass(frozen=True)
class Curve:
    """A spline of one variable; constant beyond the data."""

    ends: tuple[float, float]
    coefficients: Array

    @classmethod
    def through(cls, x: Array, y: Array) -> "Curve":
        """By least squares."""
        ends = float(x.min()), float(x.max())
        return cls(ends, _least_squares(_splines(x, ends), y))

    def __call__(self, x: Array) -> Array:
        """Its values."""
        return np.asarray(_splines(x, self.ends) @ self.coefficients)


def _splines(x: Array, ends: tuple[float, float]) -> Array:
    low, high = ends
    knots = np.concatenate([[low] * 3, np.linspace(low, high, PIECES + 1), [high] * 3])
    return np.asarray(BSpline(knots, np.eye(PIECES + 3), 3)(np.clip(x, low, high)))


def _least_squares(splines: Array, y: Array) -> Array:
    return np.asarray(np.linalg.lstsq(splines, y, rcond=None)[0], float)


def cells_of(panels: Sequence[ForgettingPanel], shared: Array) -> Cells:
    """Return the K cells of all panels, panel after panel.

    `shared` is what the variable divides by beside T: logs (panels, q - 1).
    """
    log_amplitude, log_period = np.concatenate([panel.cells.places for panel in panels]).T
    sizes = [len(panel.static) for panel in panels]
    logs = np.column_stack([log_period, np.repeat(shared, sizes, axis=0)])
    return Cells(log_amplitude, logs, log_period)


def collapse(
    panels: Sequence[ForgettingPanel], shared: Array, exponents: Array
) -> tuple[list[Array], Array]:
    """Return the cells of one loss's panels over the one variable, and the curve through them.

    For each panel amplitude, variable, forgetting and its standard error (4, K); and the curve,
    values of the variable and forgetting there (2, G). `shared` is as in `cells_of`, `exponents`
    are (q,).
    """
    cells = cells_of(panels, shared)
    x, y = cells.variable(exponents), np.concatenate([panel.cells.means() for panel in panels])
    error = np.sqrt(np.concatenate([panel.noise() for panel in panels]))
    ends = np.cumsum([len(panel.static) for panel in panels])[:-1]
    points = np.stack([np.exp(cells.start), np.exp(x), y, error])
    grid = np.linspace(x.min(), x.max(), CURVE_POINTS)
    return np.split(points, ends, axis=1), np.stack([np.exp(grid), Curve.through(x, y)(grid)])


def best_exponents(cells: Cells, y: Array, near: Array | None = None) -> Array:
    """The exponents (q,) of the curve of least squares through y (K,), from `near` on if given."""

    def squares(exponents: Array) -> float:
        x = cells.variable(exponents)
        splines = _splines(x, (x.min(), x.max()))
        return float(((y - splines @ _least_squares(splines, y)) ** 2).sum())

    rest = np.zeros(cells.logs.shape[1] - 1)
    starts = [np.r_[b, rest] for b in STARTS] if near is None else [near]
    fits = [
        optimize.minimize(squares, start, method="Nelder-Mead", options={"xatol": 1e-3})
        for start in starts
    ]
    return np.asarray(min(fits, key=lambda fit: float(fit.fun)).x)


class LeftOut:
    """Prediction of each period's cells by a curve through the others.

    Forgetting y (K,) chooses the exponents for each period that is left out.
    """

    def __init__(self, cells: Cells, y: Array) -> None:
        self.folds = []
        for period in np.unique(cells.period):
            out = cells.period == period
            exponents = best_exponents(cells.only(~out), y[~out])
            self.folds.append((out, cells.variable(exponents)))

    def predicted(self, y: Array) -> Array:
        """(K,) by curves through y, with the exponents that were chosen."""
        predictions = np.empty_like(y)
        for out, x in self.folds:
            predictions[out] = Curve.through(x[~out], y[~out])(x[out])
        return predictions


def explained(y: Array, predicted: Array) -> float:
    """Return the share of the variance between K cells that is predicted, at most 1.

    It is below 0 where the mean of the cells would predict better.

    >>> explained(np.array([0.0, 1.0]), np.array([0.0, 0.5]))
    0.5
    """
    return float(1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum())
