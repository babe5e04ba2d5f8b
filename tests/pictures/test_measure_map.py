"""The picture of a map of measures draws what its description says, beside the gain."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh

from dynstudy.analysis.measure_map import INSTABILITIES, map_of_measures
from dynstudy.analysis.regime_map import regime_map
from dynstudy.pictures.measure_description import describe_measure
from dynstudy.pictures.measure_map import measure_figure
from dynstudy.store.studies import Storage
from tests.planted import plant_instability

SPACE = {"learning_rate": 1.0, "amplitude": [2, 4, 8], "period": [10, 30], "width": [5, 9]}


@pytest.mark.parametrize("show", [INSTABILITIES, "share_uphill"])
def test_each_panel_has_its_gain_then_its_measures(storage: Storage, show: str) -> None:
    plant_instability(storage, space=SPACE)
    measures = map_of_measures(regime_map(storage, "small"), show)
    figure = measure_figure(measures)
    shown = measures.measures
    columns = 1 + len(shown)
    *axes, bars = figure.axes[: 2 * columns], figure.axes[2 * columns :]
    labels = [bar.get_xlabel() for bar in bars]
    assert labels[0].startswith("gain in validation accuracy")
    for measure, label in zip(shown, labels[1:], strict=True):
        assert label.startswith(measure.title)
    (flat,) = axes
    for number, (key, cells) in enumerate(measures.study_map.panels()):
        gain, *others = flat[number * columns : (number + 1) * columns]
        assert gain.get_title().startswith(f"DCE, width {key[1]}\nstatic ce: ")
        for measure, axis in zip(shown, others, strict=True):
            panel = describe_measure(measures, measure, key, cells)
            (mesh,) = [each for each in axis.collections if isinstance(each, QuadMesh)]
            np.testing.assert_array_equal(mesh.get_array().filled(np.nan), panel.mean)
            assert mesh.get_clim() == (panel.low, panel.high)
            texts = [text.get_text() for text in axis.texts]
            assert texts == [cell.text for cell in panel.written]
            assert axis.get_title().startswith(f"DCE, width {key[1]}\n{measure.title}")
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert "border of the useful regime, on a measure" in labels


def test_numbers_of_a_bar_have_room_however_alike_the_cells_are(storage: Storage) -> None:
    plant_instability(storage)
    study_map = regime_map(storage, "small")
    study_map.frame["largest_curvature"] = np.resize([0.2691, 0.2887], len(study_map.frame))
    figure = measure_figure(map_of_measures(study_map, INSTABILITIES))
    FigureCanvasAgg(figure).draw()
    bars = [axis for axis in figure.axes if axis.get_label() == "<colorbar>"]
    assert len(bars) == 1 + 4
    for bar in bars:
        low, high = bar.get_xlim()
        boxes = [
            label.get_window_extent()
            for at, label in zip(bar.get_xticks(), bar.get_xticklabels(), strict=True)
            if low <= at <= high
        ]
        assert len(boxes) >= 2
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
