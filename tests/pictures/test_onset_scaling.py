"""Pictures of laws and curves show what was found of them."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex

from dynstudy.analysis.onset_laws import law_band
from dynstudy.analysis.onset_scaling import Scaling
from dynstudy.pictures.onset_scaling import collapse_figure, onset_figure
from tests.analysis.planted_onsets import three_panels


@pytest.fixture(scope="module")
def scaling() -> Scaling:
    return three_panels()


def bars(axis: Axes) -> list[np.ndarray]:
    """The segments of each collection of them."""
    collections = [each for each in axis.collections if isinstance(each, LineCollection)]
    return [np.array(each.get_segments()) for each in collections]


def test_onsets_are_bars_between_tested_amplitudes_with_laws(scaling: Scaling) -> None:
    figure = onset_figure([scaling], 0.4)
    narrow, wide = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["DCE, width 20", "DCE, width 50"]
    assert (narrow.get_xlabel(), narrow.get_ylabel()) == ("period T (steps)", "amplitude A")
    assert (narrow.get_xscale(), narrow.get_yscale()) == ("log", "log")
    assert figure.get_suptitle() == "Where net forgetting passes 0.4, with power laws"
    (legend,) = figure.legends
    assert legend.get_title().get_text().startswith("planted\nbars: between tested amplitudes")
    assert [text.get_text() for text in legend.get_texts()] == [
        "below all tested amplitudes", "above all tested amplitudes"
    ]  # fmt: skip
    for number, segments in enumerate(bars(narrow)):
        onsets, law = scaling.onsets[number], scaling.laws[number]
        assert law is not None
        shift = 1.04 ** (number - 0.5)
        np.testing.assert_allclose(segments[:, 0, 0], onsets.period * shift)
        np.testing.assert_allclose(segments[:, :, 1], np.stack([onsets.low, onsets.high], axis=1))
        periods = np.geomspace(30, 3000, 13)
        middle, low, high = law_band(onsets, law, periods)
        line = [each for each in narrow.lines if len(each.get_xdata()) == 13][number]
        np.testing.assert_allclose(line.get_data(), [periods, middle])
        band = [each for each in narrow.collections if isinstance(each, PolyCollection)][number]
        y = band.get_paths()[0].vertices[:, 1]
        assert (y.min(), y.max()) == (pytest.approx(low.min()), pytest.approx(high.max()))
    labels = [text.get_text() for text in narrow.get_legend().get_texts()]
    assert labels == [
        f"η = {rate}: T^{law.beta[1]:.2f}"
        for rate, law in zip((1, 3), scaling.laws, strict=False)
        if law is not None
    ]

    # all of them lie below the map: arrows down at its smallest amplitude, and no law
    assert [text.get_text() for text in wide.get_legend().get_texts()] == ["η = 3"]
    (arrows,) = [line for line in wide.lines if line.get_marker() == "v"]
    np.testing.assert_allclose(arrows.get_ydata(), 10)
    assert len(arrows.get_xdata()) == 7


def test_cells_lie_about_the_curve_through_them(scaling: Scaling) -> None:
    figure = collapse_figure([scaling])
    plain, scaled = figure.axes
    assert plain.get_title() == "DCE"
    assert scaled.get_title().startswith("explained of periods left out:\nown curves ")
    assert (plain.get_xlabel(), plain.get_ylabel()) == ("amplitude A", "forgetting, net of static")
    b, c, d = scaling.exponents
    assert scaled.get_xlabel() == f"A / (T^{b:.2f} η^{c:.2f} width^{d:.2f})"
    for axis in (plain, scaled):
        for number, (panel, drawn) in enumerate(zip(scaling.panels, axis.containers, strict=True)):
            line, _, (errors,) = drawn.lines
            log_amplitude, log_period = panel.cells.places.T
            variable = log_amplitude - b * log_period
            variable -= c * np.log(panel.learning_rate) + d * np.log(panel.width)
            x = np.exp(log_amplitude if axis is plain else variable)
            np.testing.assert_allclose(line.get_xdata(), x)
            np.testing.assert_allclose(line.get_ydata(), panel.cells.means())
            ends = np.array([segment[:, 1] for segment in errors.get_segments()])
            np.testing.assert_allclose(np.ptp(ends, axis=1) / 2, np.sqrt(panel.noise()))
            assert to_hex(line.get_color()) == ["#1f77b4", "#ff7f0e", "#2ca02c"][number]
    (curve,) = [line for line in scaled.lines if line.get_color() == "black"]
    x, y = curve.get_data()
    assert len(x) == 200
    cells = np.concatenate([drawn.lines[0].get_data() for drawn in scaled.containers], axis=1)
    assert (x[0], x[-1]) == (pytest.approx(cells[0].min()), pytest.approx(cells[0].max()))
    missed = cells[1] - np.interp(np.log(cells[0]), np.log(x), y)
    assert missed.std() < 0.05
    assert [text.get_text() for text in scaled.get_legend().get_texts()] == [
        "width 20, η = 1", "width 20, η = 3", "width 50, η = 3"
    ]  # fmt: skip
