"""The page's figure of measures shows what their description says; a menu has them all."""

import numpy as np
import pytest

from dynstudy.analysis.measure_map import INSTABILITIES, MeasureMap, map_of_measures
from dynstudy.analysis.regime_map import regime_map
from dynstudy.measure.measures import MEASURES
from dynstudy.pictures.interactive.measure_map import measure_panel, measures_figure
from dynstudy.pictures.measure_description import describe_measure
from dynstudy.store.studies import Storage
from tests.pictures.made_up import read, traces
from tests.planted import plant_instability

SPACE = {"learning_rate": 1.0, "amplitude": [2, 4, 8], "period": [10, 30], "width": [5, 9]}


@pytest.fixture
def measures(storage: Storage) -> MeasureMap:
    plant_instability(storage, space=SPACE)
    return map_of_measures(regime_map(storage, "small"), INSTABILITIES)


def test_each_cell_is_coloured_and_says_what_it_is(measures: MeasureMap) -> None:
    key, cells = next(measures.study_map.panels())
    panel = describe_measure(measures, MEASURES["share_uphill"], key, cells)
    drawn = traces(measure_panel(panel))
    heat = drawn["heatmap"]
    np.testing.assert_allclose(read(heat["z"]).astype(float), panel.mean, rtol=1e-6)
    assert (heat["zmin"], heat["zmax"]) == (panel.low, panel.high)
    assert heat["colorscale"][0][1] == "rgb(68,1,84)"  # as in the picture
    more = read(heat["customdata"])
    for row, period in enumerate(panel.period.values):
        for column, amplitude in enumerate(panel.amplitude.values):
            at = row, column
            expected = (amplitude, period, panel.error[at], panel.gain[at], 6)
            assert more[at] == pytest.approx(expected, rel=1e-5)
    assert "border of the useful regime" in drawn


def test_a_menu_chooses_panel_and_measure(measures: MeasureMap) -> None:
    figure = measures_figure(measures)
    (menu,) = figure.layout.updatemenus
    labels = [button.label for button in menu.buttons]
    assert labels[0] == "DCE, width 5: share of uphill steps"
    assert labels[-1] == "DCE, width 9: largest curvature (2/η)"
    assert len(labels) == 8
