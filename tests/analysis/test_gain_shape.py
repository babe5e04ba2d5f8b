"""The curve through the cells of a panel."""

import numpy as np
import pytest

from dynstudy.analysis.cell_networks import CellNetworks
from dynstudy.analysis.gain_shape import GainShape, gain_shapes


def shape(rng: np.random.Generator, measure: np.ndarray, gain: np.ndarray, sd: float) -> GainShape:
    places = np.column_stack([np.arange(1.0, len(measure) + 1), np.full(len(measure), 10.0)])
    samples = [
        np.column_stack([at_gain + rng.normal(0, sd, 10), np.full(10, at)])
        for at, at_gain in zip(measure, gain, strict=True)
    ]
    panel = CellNetworks(("dce", 5, 1.0), places, samples, np.array([-0.01, 0.01] * 10))
    (only,) = gain_shapes(panel, panel.resampled(300, rng))
    return only


def test_a_line_in_ranks_is_followed_to_its_ends(rng: np.random.Generator) -> None:
    measure = np.arange(40.0) ** 3  # ranks are even where values are not
    line = shape(rng, measure, np.linspace(0, 1, 40), 0.0)
    np.testing.assert_allclose(
        line.curve[1], np.interp(line.curve[0] ** (1 / 3), [0, 39], [0, 1]), atol=1e-9
    )
    np.testing.assert_allclose(line.curve[2], line.curve[1], atol=1e-9)


def test_a_hump_is_seen_within_its_band(rng: np.random.Generator) -> None:
    measure = np.linspace(0, 1, 60)
    drawn = shape(rng, measure, measure * (1 - measure), 0.05)
    at, through, low, high = drawn.curve
    assert at[np.argmax(through)] == pytest.approx(0.5, abs=0.15)
    smooth = at * (1 - at)
    assert ((low - 0.02 <= smooth) & (smooth <= high + 0.02)).mean() > 0.9
    assert drawn.gain_error.mean() == pytest.approx(0.05 / 10**0.5, rel=0.1)
    assert drawn.static_error == pytest.approx(0.01 / 19**0.5, rel=0.2)
    assert drawn.measure_error.max() < 1e-12


def test_cells_that_have_the_same_of_it_are_a_mean(rng: np.random.Generator) -> None:
    even = shape(rng, np.zeros(10), np.arange(10.0), 0.0)
    assert even.curve[:2].tolist() == [[0.0], [pytest.approx(4.5)]]
