"""One curve through cells of panels whose exponents are known."""

import numpy as np
import pytest

from dynstudy.analysis.onset_collapse import (
    CURVE_POINTS,
    Cells,
    Curve,
    LeftOut,
    best_exponents,
    cells_of,
    collapse,
    explained,
)
from tests.analysis.planted_onsets import AMPLITUDES, PERIODS, planted


def test_a_spline_goes_through_what_is_cubic_and_is_constant_beyond() -> None:
    x = np.linspace(-2, 3, 40)
    curve = Curve.through(x, x**3 - x)
    np.testing.assert_allclose(curve(x), x**3 - x, atol=1e-9)
    assert curve(np.array([-9.0, 9.0])) == pytest.approx([-6, 24])


def test_the_exponent_is_the_one_of_the_cells() -> None:
    log_a, log_t = (values.ravel() for values in np.meshgrid(np.linspace(0, 6, 12), np.arange(5)))
    cells = Cells(log_a, log_t[:, None], log_t)
    y = np.tanh(cells.variable(np.array([0.7])) - 2)
    assert best_exponents(cells, y) == pytest.approx([0.7], abs=0.02)
    assert best_exponents(cells, y, np.array([0.6])) == pytest.approx([0.7], abs=0.02)
    only = cells.only(log_t > 1)
    assert set(only.period) == {2, 3, 4}
    assert only.logs.shape == (36, 1)


def test_cells_of_panels_stand_one_panel_after_the_other() -> None:
    panels = [planted(0.5, 1.0), planted(0.5, 3.0)]
    shared = np.log([[1.0], [3.0]])
    count = len(AMPLITUDES) * len(PERIODS)
    cells = cells_of(panels, shared)
    assert cells.logs.shape == (2 * count, 2)
    assert (cells.logs[:count, 1] == 0).all()
    assert (cells.logs[count:, 1] == np.log(3.0)).all()
    points, curve = collapse(panels, shared, np.array([0.5, 0.0]))
    assert [panel.shape for panel in points] == [(4, count)] * 2
    for panel, (amplitude, variable, forgetting, error) in zip(panels, points, strict=True):
        log_amplitude, log_period = panel.cells.places.T
        np.testing.assert_allclose(amplitude, np.exp(log_amplitude))
        np.testing.assert_allclose(variable, np.exp(log_amplitude - 0.5 * log_period))
        np.testing.assert_allclose(forgetting, panel.cells.means())
        np.testing.assert_allclose(error**2, panel.noise())
    assert curve.shape == (2, CURVE_POINTS)
    # planted: 0.4 where the variable is e^1.5
    assert np.interp(np.exp(1.5), *curve) == pytest.approx(0.4, abs=0.03)


def test_a_period_is_predicted_by_the_others_alone() -> None:
    (cells,), y = [cells_of([planted(0.5)], np.empty((1, 0)))], planted(0.5).cells.means()
    left = LeftOut(cells, y)
    assert explained(y, left.predicted(y)) > 0.95
    spoilt = y.copy()
    first = cells.period == cells.period.min()
    spoilt[first] = 9.0
    for other in (left, LeftOut(cells, spoilt)):  # nor does it choose their exponents
        np.testing.assert_array_equal(other.predicted(spoilt)[first], left.predicted(y)[first])


def test_the_mean_explains_nothing() -> None:
    y = np.array([0.1, 0.4, 0.7])
    assert explained(y, np.full(3, y.mean())) == 0
    assert explained(y, y) == 1
    assert explained(y, -y) < 0
