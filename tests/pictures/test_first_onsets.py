"""The picture of curvature at first onsets shows the numbers that it is made of."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from dynstudy.analysis.first_onsets import FirstOnsets
from dynstudy.pictures.first_onsets import first_onsets_figure
from tests.pictures.made_up_figures import onset_row

RATES = np.array([0.1, 1.0])
SCHEDULES = [(25.0, 5000.0), (25.0, 10_000.0), (50.0, 5000.0), (np.nan, np.nan)]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng, rows = np.random.default_rng(0), []
    for loss in ("dce", "dmse1"):
        for rate in RATES:
            for amplitude, period in SCHEDULES:
                none = loss == "dmse1" and rate == 1  # all are born unstable
                numbers = np.full(6, np.nan) if none else rng.uniform(0.9, 1.1, 6)
                counts = [0, 0, 30, 0] if none else [28, 2, 0, 0]
                cell = {"loss": loss, "width": 100, "amplitude": amplitude, "period": period}
                rows.append(cell | onset_row(rate, counts, numbers))
    return pd.DataFrame(rows)


def bars(axis: Axes) -> list[tuple[np.ndarray, np.ndarray]]:
    """Heights, and ends of bars, of each set of points."""
    sets = []
    for container in axis.containers:
        assert isinstance(container, ErrorbarContainer)
        line, _, (ends,) = container.lines
        segments = np.array([each for each in ends.get_segments() if len(each)])
        sets.append((line.get_ydata().astype(float), segments[..., 1].reshape(-1, 2)))
    return sets


def test_each_schedule_has_its_points_in_both_units_with_standard_errors(
    frame: pd.DataFrame,
) -> None:
    figure = first_onsets_figure(FirstOnsets(("a", "b"), frame, ()))
    assert [axis.get_title() for axis in figure.axes[:2]] == ["DCE, width 100", "DMSE1, width 100"]
    top, middle = figure.axes[0], figure.axes[2]
    assert (top.get_xscale(), top.get_yscale()) == ("log", "log")
    cells = frame[frame.loss == "dce"]
    of_schedules = [
        cells[cells.period.eq(period) & cells.amplitude.eq(amplitude)]
        if period == period
        else cells[cells.period.isna()]
        for amplitude, period in SCHEDULES
    ]
    expected = [("curvature", each) for each in of_schedules]
    for (heights, ends), (name, rows) in zip(bars(top), expected, strict=True):
        np.testing.assert_allclose(heights, rows[name])
        np.testing.assert_allclose(np.ptp(ends, axis=1), 2 * rows[f"{name}_sem"])
    both = ("curvature_edge", "finite_difference_edge")
    expected = [(name, each) for each in of_schedules for name in both]
    for (heights, ends), (name, rows) in zip(bars(middle), expected, strict=True):
        np.testing.assert_allclose(heights, rows[name])
        np.testing.assert_allclose(np.ptp(ends, axis=1), 2 * rows[f"{name}_sem"])
    for container in top.containers:  # as they lie to 2/η, they are not moved apart
        np.testing.assert_array_equal(container.lines[0].get_xdata(), RATES)
    (edge,) = [line for line in top.lines if line.get_linestyle() == "--"]
    np.testing.assert_allclose(edge.get_xdata(), RATES)
    np.testing.assert_allclose(edge.get_ydata(), 2 / RATES)
    (one,) = [line for line in middle.lines if line.get_linestyle() == "--"]
    assert list(one.get_ydata()) == [1, 1]


def test_all_networks_are_counted_below_the_points(frame: pd.DataFrame) -> None:
    figure = first_onsets_figure(FirstOnsets(("a", "b"), frame, ()))
    dce, dmse1 = figure.axes[4:]
    labels = [label.get_text() for label in dce.get_yticklabels()]
    assert labels == ["networks", "with onset", "censored", "born unstable", "diverged"]
    for axis, columns in ((dce, [[120, 112, 8, 0, 0]] * 2),
                          (dmse1, [[120, 112, 8, 0, 0], [120, 0, 0, 120, 0]])):  # fmt: skip
        counts = {text.get_position(): text.get_text() for text in axis.texts}
        read = [[int(counts[rate, row]) for row in range(5)] for rate in RATES]
        assert read == columns
    (legend,) = figure.legends
    assert legend.get_title().get_text().startswith("a, b\n")
    assert "conditional on an onset" in legend.get_title().get_text().replace("\n", " ")
    names = [text.get_text() for text in legend.get_texts()]
    assert names[:4] == ["A = 25, T = 5000", "A = 25, T = 10000", "A = 50, T = 5000", "static"]
