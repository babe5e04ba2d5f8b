"""The picture of loss and curvature along training."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from dynstudy.analysis.training_curves import CURVATURE, TrainingCurves, training_curves
from dynstudy.measure.records import LOSS
from dynstudy.pictures.training_curves import training_figure
from dynstudy.store.studies import Storage
from tests.analysis.planted_training import RATES, WIDTHS, plant_training, training_map


def drawn(storage: Storage) -> tuple[TrainingCurves, Figure]:
    plant_training(storage, training_map(), [1.0, None, 1.7])
    curves = training_curves(storage, "small")
    return curves, training_figure(curves)


def test_a_column_for_each_width_has_the_curves_and_the_edges_of_both_rates(
    storage: Storage,
) -> None:
    curves, figure = drawn(storage)
    frame = curves.frame
    panels = np.array(figure.axes).reshape(2, len(WIDTHS))
    for width, column in zip(WIDTHS, panels.T, strict=True):
        assert column[0].get_title() == f"width {width}"
        for quantity, axis in zip((LOSS, CURVATURE), column, strict=True):
            of_panel = frame[(frame.width == width) & (frame.quantity == quantity)]
            for rate, line in zip(RATES, axis.lines, strict=False):
                curve = of_panel[of_panel.learning_rate == rate]
                np.testing.assert_array_equal(line.get_ydata(), curve["mean"])
                middle = np.asarray(line.get_xdata())
                assert (curve.from_step <= middle).all()
                assert (middle <= curve.to_step).all()
            assert len(axis.collections) == len(RATES)  # a band each
        edges = {to_hex(line.get_color()): line for line in column[1].lines[len(RATES) :]}
        for rate, line in zip(RATES, column[1].lines, strict=False):
            assert set(edges[to_hex(line.get_color())].get_ydata()) == {2 / rate}
        assert len(edges) == len(RATES)


@pytest.mark.parametrize("slope", [-1, 1])
def test_the_spiral_hides_no_curve_where_a_corner_is_free(storage: Storage, slope: int) -> None:
    plant_training(storage, training_map(), [1.0, None, 1.7])
    curves = training_curves(storage, "small")
    of_loss = curves.frame.quantity == LOSS
    curves.frame.loc[of_loss, "mean"] = (curves.frame.to_step[of_loss] + 1.0) ** slope
    curves.frame.loc[of_loss, "sem"] = 0.0
    figure = training_figure(curves)
    figure.draw_without_rendering()
    axis = figure.axes[0]
    hidden = axis.child_axes[0].get_window_extent()
    points = np.concatenate([axis.transData.transform(line.get_xydata()) for line in axis.lines])
    assert len(points) > 1
    assert hidden.count_contains(points) == 0


def test_bands_are_a_standard_error_wide(storage: Storage) -> None:
    curves, figure = drawn(storage)
    frame = curves.frame
    of_cell = frame[(frame.width == 5) & (frame.learning_rate == RATES[0])]
    curve = of_cell[of_cell.quantity == CURVATURE]
    (path,) = figure.axes[2].collections[0].get_paths()
    heights = path.vertices[:, 1]
    assert np.isclose(heights.min(), (curve["mean"] - curve["sem"]).min())
    assert np.isclose(heights.max(), (curve["mean"] + curve["sem"]).max())


def test_what_was_read_once_is_a_point_that_is_seen(storage: Storage) -> None:
    plant_training(storage, training_map({"records": [100]}))
    figure = training_figure(training_curves(storage, "small"))
    markers = [[line.get_marker() for line in axis.lines[:2]] for axis in figure.axes]
    assert [len(line.get_xdata()) for line in figure.axes[-1].lines[:2]] == [1, 1]
    assert markers == [["None"] * 2] * 2 + [["o"] * 2] * 2  # two losses, before and after it


def test_the_spiral_is_in_a_corner_and_the_caption_counts_networks(storage: Storage) -> None:
    _, figure = drawn(storage)
    (inset,) = figure.axes[0].child_axes
    (points,) = inset.collections
    assert len(points.get_offsets()) == 300
    assert len(np.unique(points.get_facecolors(), axis=0)) == 3
    said = figure.legends[0].get_title().get_text().replace("\n", " ")
    assert "over 3 networks, 4 that diverged left out" in said
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "CE, η = 0.1",
        "CE, η = 1",
        "2/η",
    ]
