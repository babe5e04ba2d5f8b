"""Cells on one curve of one variable, whose exponents are known."""

import numpy as np
import pytest

from dynstudy.analysis.onset_collapse import (
    Cells,
    Curve,
    LeftOut,
    best_exponents,
    cells_of,
    collapse,
    explained,
)
from dynstudy.analysis.onsets import Panel
from dynstudy.statistics.outcomes import Outcomes

TRUE = 0.6
PLACES = np.log([(a, t) for a in np.geomspace(10, 1000, 7) for t in np.geomspace(30, 300, 5)])


def forgetting(x: np.ndarray) -> np.ndarray:
    return 0.1 + 0.7 / (1 + np.exp(-2 * (x - 1.5)))


@pytest.fixture
def cells() -> Cells:
    return Cells(PLACES[:, 0], PLACES[:, 1:], PLACES[:, 1])


def test_a_curve_holds_every_cubic_and_is_constant_beyond_the_data(
    rng: np.random.Generator,
) -> None:
    x = np.sort(rng.uniform(-2, 3, 40))
    cubic = np.polynomial.Polynomial([1.0, -0.5, 0.3, 0.2])
    curve = Curve.through(x, cubic(x))
    np.testing.assert_allclose(curve(x), cubic(x), atol=1e-9)
    np.testing.assert_allclose(curve(np.array([-9.0, 9.0])), cubic(x[[0, -1]]), atol=1e-9)


def test_the_exponent_is_found_wherever_it_is_looked_for(cells: Cells) -> None:
    y = forgetting(cells.variable(np.array([TRUE])))
    assert best_exponents(cells, y) == pytest.approx([TRUE], abs=0.02)
    assert best_exponents(cells, y, near=np.array([0.5])) == pytest.approx([TRUE], abs=0.02)


def test_a_period_that_was_left_out_is_predicted_by_the_others(
    cells: Cells, rng: np.random.Generator
) -> None:
    y = forgetting(cells.variable(np.array([TRUE])))
    predicted = LeftOut(cells, y).predicted(y)
    assert explained(y, predicted) > 0.99
    noise = rng.normal(0, 1, len(y))  # which no curve predicts
    assert explained(noise, LeftOut(cells, noise).predicted(noise)) < 0.1


def test_the_mean_explains_nothing_and_the_truth_all() -> None:
    y = np.array([0.1, 0.4, 0.7])
    assert explained(y, y) == 1
    assert explained(y, np.full(3, y.mean())) == pytest.approx(0)
    assert explained(y, -y) < 0


def test_panels_of_several_rates_lie_on_one_curve_over_their_variable() -> None:
    rates = (0.5, 2.0)
    panels = [
        Panel(
            "small", "dce", 20, rate,
            Outcomes(PLACES, [
                np.full(2, each)
                for each in forgetting(PLACES @ [1, -TRUE] + 0.7 * np.log(rate))
            ]),
            np.zeros(len(PLACES)),
        )
        for rate in rates
    ]  # fmt: skip
    shared, exponents = np.log(rates)[:, None], np.array([TRUE, -0.7])
    cells = cells_of(panels, shared)
    assert len(cells.start) == 2 * len(PLACES)
    points, curve = collapse(panels, shared, exponents)
    for each, panel in zip(points, panels, strict=True):
        amplitude, variable, mean, error = each
        np.testing.assert_allclose(amplitude, np.exp(PLACES[:, 0]))
        np.testing.assert_allclose(mean, forgetting(np.log(variable)))
        assert (error == 0).all()
        assert panel.learning_rate in rates
    x, y = curve
    np.testing.assert_allclose(y, forgetting(np.log(x)), atol=0.02)
