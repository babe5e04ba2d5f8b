"""An atlas on the terminal, and its pixels and edges as files."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.errors import DynstudyError
from dynstudy.pictures.atlas_layers import Layer
from dynstudy.report.atlas_text import print_edges, write_atlas
from dynstudy.report.map_text import print_map
from dynstudy.store.studies import Storage
from tests.analysis.simulated_atlas import SimulatedAtlas, band, simulated_atlas
from tests.pictures.made_up_atlas import map_of, of_atlas
from tests.planted_atlas import ATLAS, NOISY, accuracy_of, plant_atlas, small_atlas


def printed(study_map: RegimeMap) -> str:
    text = io.StringIO()
    print_map(study_map, text)
    return text.getvalue()


def test_few_tiles_are_a_grid_of_gains_beside_what_is_smoothed(storage: Storage) -> None:
    plant_atlas(storage, small_atlas())
    text = printed(regime_map(storage, "atlas"))
    assert "dce, width = 5, η = 1   static ce: 0.433 ± 0.000 (n = 36)" in text
    assert "T \\ A" in text
    assert "4 tiles: " in text
    assert "smoothed, DCE at width 5 gains +0." in text


def test_other_axes_are_what_the_grid_is_over(storage: Storage) -> None:
    rates = {"low": 0.1, "high": 1.0, "log": True}
    space: dict[str, Any] = ATLAS["space"] | {"learning_rate": rates, "amplitude": 30}
    space |= {"period": 20, "width": {"low": 4, "high": 10}}
    plant_atlas(storage, small_atlas(space=space))
    text = printed(regime_map(storage, "atlas"))
    assert "dce, A = 30, T = 20\n" in text
    assert "width \\ η" in text
    assert text.count("\\") == 1  # one grid, and not one for each rate
    assert "at η = " in text


def test_many_tiles_are_a_sign_each() -> None:
    study_map = map_of(simulated_atlas(band(0.0), pixels=(60, 50), spread=0.02, tile=1))
    study_map.frame.loc[0, "replicates"] = 0
    text = printed(study_map)
    lines = [line for line in text.partition("3000 tiles: ")[0].splitlines() if line]
    rows = lines[2:-1]  # below the title and T, above A
    assert len(rows) == 25  # every second one
    assert len(rows[0].split(maxsplit=1)[1]) == 60
    assert rows[-1].split()[1].startswith(".")
    middle = rows[12].split(maxsplit=1)[1]
    assert "++++" in middle
    assert set(middle) == {"+", "-", "F"}
    assert middle.endswith("FFFF")
    assert "A: 1.06 to 944" in text


def test_a_tile_of_which_all_diverged_is_not_called_untested() -> None:
    study_map = map_of(simulated_atlas(band(0.0), pixels=(60, 50), spread=0.02, tile=1))
    study_map.frame.loc[0, "regime"] = "diverged"
    text = printed(study_map)
    assert "x diverged" in text
    lowest = text.partition("3000 tiles: ")[0].splitlines()[-2]
    assert lowest.split()[1].startswith("x")


def test_rows_of_pixels_that_share_a_value_are_told_once() -> None:
    space: dict[str, Any] = ATLAS["space"] | {"period": 20, "width": {"low": 4, "high": 6}}
    study_map = map_of(simulated_atlas(band(0.0), pixels=(60, 50), space=space))
    text = io.StringIO()
    print_edges(study_map, text)
    listed = [line.split()[:2] for line in text.getvalue().splitlines()]
    for width in ("4", "5", "6"):
        assert listed.count([width, "useful_lower"]) == 1


def test_a_pixel_of_the_file_is_a_network(storage: Storage, tmp_path: Path) -> None:
    plant_atlas(storage, small_atlas(), pixels=9)
    study_map = regime_map(storage, "atlas")
    atlas = study_map.atlas
    assert atlas is not None
    (path,) = (p for p in write_atlas(study_map, "val_accuracy", tmp_path) if p.suffix == ".png")
    assert path.name == "atlas-pixels-val_accuracy.png"
    image = np.asarray(Image.open(path).convert("RGBA"))
    assert image.shape == (4, 6, 4)
    layer = Layer.of(atlas, "val_accuracy")
    for row, column in np.argwhere(atlas.recorded):
        share = (accuracy_of(column, row) - layer.low) / (layer.high - layer.low)
        expected = 255 * np.array(layer.colours(np.clip(share, 0, 1)))
        np.testing.assert_allclose(image[3 - row, column], expected, atol=3)
    assert (image[..., 3] == 255).all()  # coarse pixels stand for the others


def test_untrained_pixels_that_none_stands_for_are_transparent(
    storage: Storage, tmp_path: Path
) -> None:
    plant_atlas(storage, small_atlas(), pixels=1)
    (path,) = write_atlas(regime_map(storage, "atlas"), None, tmp_path)  # and no surface
    opacity = np.asarray(Image.open(path).convert("RGBA"))[..., 3]
    np.testing.assert_array_equal(opacity, np.tile([255] * 4 + [0] * 2, (4, 1)))


def test_edges_are_a_file_and_some_of_them_a_table(tmp_path: Path) -> None:
    study_map = map_of(simulated_atlas(band(0.0), pixels=(60, 50)))
    picture, table, slope = write_atlas(study_map, None, tmp_path)
    assert (picture.name, table.name) == ("atlas-pixels-gain.png", "atlas-edges.csv")
    assert slope.name == "atlas-slope.csv"
    (row,) = pd.read_csv(slope).itertuples()
    assert study_map.slope is not None
    assert (row.slope, row.rows) == (pytest.approx(study_map.slope.slope), study_map.slope.rows)
    edges = study_map.edges
    assert edges is not None
    frame = pd.read_csv(table, keep_default_na=False)
    assert list(frame.columns) == [column.name for column in edges.columns]
    assert len(frame) == len(edges.frame)
    text = io.StringIO()
    print_edges(study_map, text)
    assert text.getvalue().count("useful_lower") == 10  # every fifth row
    assert "local linear regression" in text.getvalue()


def test_where_there_are_no_edges_it_is_said_why(tmp_path: Path) -> None:
    atlas = simulated_atlas(band(0.0), pixels=(12, 8))
    one = atlas.spec.model_copy(update={"seed": 7})
    text = io.StringIO()
    print_edges(map_of(SimulatedAtlas(one, atlas.ledger, atlas.values)), text)
    assert text.getvalue().startswith("no edges: seed = 7: one draw")
    with pytest.raises(DynstudyError, match="atlas: has no share_uphill; it has gain, "):
        write_atlas(map_of(one_of(atlas)), "instability", tmp_path)
    assert list(tmp_path.iterdir()) == []
    shown = write_atlas(of_atlas(panels=5), "instability", tmp_path)
    assert [path.name for path in shown] == [
        *("atlas-pixels-share_uphill.png", "atlas-edges.csv", "atlas-slope.csv")
    ]


def one_of(atlas: SimulatedAtlas) -> SimulatedAtlas:
    """With the real names of an atlas, which say what it lacks."""

    class Named(SimulatedAtlas):
        def of(self, name: str) -> Any:
            if name not in self.names:
                raise DynstudyError(
                    f"{self.spec.name}: has no {name}; it has {', '.join(self.names)}"
                )
            return super().of(name)

    return Named(atlas.spec, atlas.ledger, atlas.values)


def test_where_noise_is_an_axis_no_static_loss_is_that_of_all_tiles(storage: Storage) -> None:
    plant_atlas(storage, small_atlas(space=NOISY))
    plant_atlas(storage, small_atlas(name="plain"))
    said = {name: printed(regime_map(storage, name)) for name in ("atlas", "plain")}
    assert "static ce" in said["plain"]
    assert "static ce" not in said["atlas"]
    assert "noise \\ A" in said["atlas"]
