"""Figure 3, from ledgers with chosen outcomes."""

from typing import Any

import numpy as np
import pytest

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.errors import DynstudyError
from dynstudy.figures.fig3 import draw_widths, over_width
from dynstudy.figures.paper_figure import Choices
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.planted import Planted, SearchMaker, SpecMaker

WIDTHS = [5, 9, 20]
SPACE = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 15], "width": WIDTHS}


def planted(storage: Storage, spec: StudySpec) -> RegimeMap:
    plant = Planted(storage, spec)
    for cell in plant.spec.grid_cells():
        configuration = cell.configuration
        mean = (
            0.4
            + 0.01 * configuration.width
            + 0.001 * (configuration.amplitude or 0)
            + 0.002 * (configuration.period or 0)
        )
        plant.put(cell, (mean + 0.01 * (np.arange(cell.replicates) % 2)).tolist())
    return regime_map(storage, spec.name)


def test_one_curve_per_loss_with_errors_of_the_mean(storage: Storage, make_spec: SpecMaker) -> None:
    study_map = planted(storage, make_spec(replicates=4, space=SPACE))
    assert len(over_width(study_map, 30, 15).frame) == 2 * len(WIDTHS)
    drawn = draw_widths(storage, "small", Choices(30, 15))
    (axis,) = drawn.drawing.axes
    curves = {curve.get_label(): curve for curve in axis.containers}
    assert list(curves) == ["CE, static", "DCE, A = 30, T = 15"]
    line, _, (bars,) = curves["DCE, A = 30, T = 15"].lines
    np.testing.assert_array_equal(line.get_xdata(), WIDTHS)
    means = 0.4 + 0.01 * np.array(WIDTHS) + 0.03 + 0.03 + 0.005
    np.testing.assert_allclose(line.get_ydata().astype(float), means)
    sem = np.std([0, 0.01, 0, 0.01], ddof=1) / 2
    for (low, high), mean in zip((ends[:, 1] for ends in bars.get_segments()), means, strict=True):
        assert (low, high) == (pytest.approx(mean - sem), pytest.approx(mean + sem))
    printed = [row["val_accuracy"] for row in drawn.rows if row["loss"] == "dce"]
    np.testing.assert_allclose(printed, means)


@pytest.mark.parametrize(
    ("space", "chosen", "said"),
    [
        ({}, (None, 10), "has amplitude 3, 30: choose one by --amplitude"),
        ({}, (3, None), "has period 10, 15: choose one by --period"),
        ({}, (4, 10), "no trained cell of amplitude 4; it has 3, 30"),
        ({"width": 5}, (3, 10), "has one trained width, 5; figure 3 needs several"),
    ],
)
def test_what_is_not_one_curve_per_loss_is_refused(
    space: dict[str, Any],
    chosen: tuple[float | None, int | None],
    said: str,
    storage: Storage,
    make_spec: SpecMaker,
) -> None:
    study_map = planted(storage, make_spec(space=SPACE | space))
    with pytest.raises(DynstudyError, match=said):
        over_width(study_map, *chosen)


def test_searches_and_studies_without_networks_are_refused(
    storage: Storage, make_spec: SpecMaker, make_search: SearchMaker
) -> None:
    storage.open_study(make_spec())
    with pytest.raises(DynstudyError, match="has no trained cell yet"):
        over_width(regime_map(storage, "small"), None, None)
    storage.open_study(make_search())
    with pytest.raises(DynstudyError, match="is a search"):
        over_width(regime_map(storage, "search"), None, None)
