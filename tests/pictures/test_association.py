"""The picture of an association has the cells and the curves that were found."""

import numpy as np
import pytest

from dynstudy.analysis import association
from dynstudy.analysis.association import associate
from dynstudy.analysis.measure_map import INSTABILITIES, map_of_measures
from dynstudy.analysis.regime_map import regime_map
from dynstudy.pictures.association import association_figure
from dynstudy.store.studies import Storage
from tests.planted import plant_instability

SPACE = {"learning_rate": 1.0, "amplitude": [2, 8, 32, 128], "period": [10, 30], "width": [5, 9]}


def test_cells_and_curves_are_drawn(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(association, "RESAMPLES", 19)
    plant_instability(storage, space=SPACE)
    result = associate(map_of_measures(regime_map(storage, "small"), INSTABILITIES), draws=30)
    figure = association_figure(result)
    assert [axis.get_xlabel() for axis in figure.axes] == [
        "share of uphill steps (scale: root)",  # most cells are near 0
        "share past 2/η (scale: root)",
        "onsets of instabilities per oscillation (1/T)",
        "largest curvature (2/η)",
    ]
    for number, axis in enumerate(figure.axes):
        for shapes, bars in zip(result.shapes, axis.containers, strict=True):
            points, _, (across, up) = bars.lines
            shape = shapes[number]
            np.testing.assert_array_equal(points.get_data(), [shape.measure, shape.gain])
            ends = np.array(up.get_segments())[:, :, 1]
            np.testing.assert_allclose(np.diff(ends)[:, 0], 2 * shape.gain_error)
            sides = np.array(across.get_segments())[:, :, 0]
            np.testing.assert_allclose(np.diff(sides)[:, 0], 2 * shape.measure_error, atol=1e-12)
        curves = [line for line in axis.lines if line.get_linewidth() == 1.8]
        for shapes, curve in zip(result.shapes, curves, strict=True):
            np.testing.assert_array_equal(curve.get_data(), shapes[number].curve[:2])
    ticks = figure.axes[0].get_xticks()
    assert ticks[0] == 0
    assert set(np.round(ticks[1:] / 10.0 ** np.floor(np.log10(ticks[1:])), 6)) <= {1, 2, 5}
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    error = result.shapes[0][0].static_error
    assert labels[0] == f"DCE, width 5 (± {error:.3f})"
