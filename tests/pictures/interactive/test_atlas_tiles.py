"""The page's figure of tiles shows what the map of them says."""

from typing import Any

import numpy as np
import pytest

from dynstudy.analysis.regime_map import regime_map
from dynstudy.pictures.interactive.atlas_tiles import tiles_figure
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.atlas import AtlasSpec
from tests.pictures.made_up import read, traces
from tests.planted_atlas import ATLAS, plant_atlas, small_atlas

SPACES: dict[str, dict[str, Any]] = {
    "amplitude and period": {},
    "learning rate and width": {
        "learning_rate": {"low": 0.1, "high": 1, "log": True},
        "width": {"low": 2, "high": 14},
        "amplitude": 10,
        "period": 20,
    },
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_each_tile_is_where_it_is_in_its_colour_and_says_what_it_is(
    space: dict[str, Any], storage: Storage
) -> None:
    spec: AtlasSpec = small_atlas(space=ATLAS["space"] | space)
    plant_atlas(storage, spec)
    study_map = regime_map(storage, "atlas")
    figure = tiles_figure(study_map)
    heat = traces(figure)["heatmap"]
    right, upwards = spec.axes
    for name, axis in (("x", right), ("y", upwards)):
        borders = read(heat[name])
        assert borders[[0, -1]] == pytest.approx(axis.edges[[0, -1]])
        assert len(borders) == len(axis.middles) + 1
        assert figure.layout[f"{name}axis"].type == ("log" if axis.range.log else "linear")
    gains, hover = read(heat["z"]), read(heat["hovertext"])
    for _, cell in study_map.dynamical_cells().iterrows():
        at = (
            upwards.middles.tolist().index(cell[upwards.name]),
            right.middles.tolist().index(cell[right.name]),
        )
        assert gains[at] == pytest.approx(cell.gain, rel=1e-6)
        assert hover[at].startswith(cell.regime)
        assert ("forgets" in hover[at]) == (cell.forgets is True)


def test_before_anything_is_trained_it_has_no_colours(storage: Storage) -> None:
    storage.open_study(small_atlas())
    heat = traces(tiles_figure(regime_map(storage, "atlas")))["heatmap"]
    assert np.isnan(read(heat["z"]).astype(float)).all()
