"""What is to be drawn of a measure is what its map says."""

import numpy as np
import pytest

from dynstudy.analysis.measure_map import INSTABILITIES, MeasureMap, map_of_measures
from dynstudy.analysis.regime_map import regime_map
from dynstudy.measure.measures import INSTABILITY, MEASURES
from dynstudy.pictures.measure_description import describe_measure, measure_title
from dynstudy.pictures.style import MEASURE_COLOURS
from dynstudy.store.studies import Storage
from tests.planted import plant_instability


@pytest.fixture
def measures(storage: Storage) -> MeasureMap:
    plant_instability(storage)
    return map_of_measures(regime_map(storage, "small"), INSTABILITIES)


@pytest.mark.parametrize("name", INSTABILITY)
def test_every_cell_is_where_it_belongs(measures: MeasureMap, name: str) -> None:
    ((key, cells),) = measures.study_map.panels()
    panel = describe_measure(measures, MEASURES[name], key, cells)
    assert panel.heading == "DCE, width 5"
    for cell in cells.to_dict("records"):
        at = [10, 15, 30].index(cell["period"]), [2, 4, 8, 16].index(cell["amplitude"])
        assert panel.mean[at] == cell[name]
        assert panel.error[at] == cell[f"{name}_sem"]
        assert panel.gain[at] == cell["gain"]
        assert panel.replicates[at] == 6
        (written,) = [each for each in panel.written if (each.row, each.column) == at]
        assert written.text == f"{cell[name]:.2f}"
        colour = MEASURE_COLOURS((cell[name] - panel.low) / (panel.high - panel.low))
        assert written.light == (np.dot([0.3, 0.59, 0.11], colour[:3]) < 0.5)
    assert panel.high == panel.mean.max()
    assert panel.low == (panel.mean.min() if name == "largest_curvature" else 0)


def test_too_many_cells_are_not_written(measures: MeasureMap) -> None:
    ((key, cells),) = measures.study_map.panels()
    assert not describe_measure(measures, MEASURES["share_uphill"], key, cells, 11).written


def test_means_that_are_nearly_alike_have_a_digit_more(measures: MeasureMap) -> None:
    frame = measures.study_map.frame
    frame["largest_curvature"] = np.linspace(1, 1.05, len(frame))
    ((key, cells),) = measures.study_map.panels()
    panel = describe_measure(measures, MEASURES["largest_curvature"], key, cells)
    assert all(len(cell.text) == len("1.000") for cell in panel.written)


def test_a_unit_is_said_where_there_is_one() -> None:
    assert measure_title(MEASURES["largest_curvature"]) == "largest curvature (2/η)"
    assert measure_title(MEASURES["share_uphill"]) == "share of uphill steps"
