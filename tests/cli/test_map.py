"""`dynstudy map` as a user meets it."""

import csv
import io
import json
from pathlib import Path

import pytest
import tomli_w

from dynstudy.store.studies import Storage
from tests.command import dynstudy, fails
from tests.planted import SEARCH, SMALL, small_search
from tests.planted_atlas import plant_atlas, small_atlas

# about 5 s on two cores, in a dozen cells: long enough to be interrupted anywhere
LONG = {
    **SMALL,
    "name": "long",
    "protocol": {"steps": 100_000, "tail": 1000},
    "space": {"learning_rate": 1.0, "amplitude": [3, 30, 90], "period": [100, 300], "width": 20},
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for study in (SMALL, LONG, SEARCH):
        (tmp_path / f"{study['name']}.toml").write_text(tomli_w.dumps(study))
    return tmp_path


def test_boundaries_of_a_map(here: Path) -> None:
    dynstudy(here, "run", "small.toml")
    out, err = dynstudy(here, "map", "small", "--boundaries", "--out", "pictures")
    assert "dce, width 5" in out  # the map, too
    assert "useful amplitudes" in out
    assert "forgets from: every tested amplitude" in " ".join(out.split())
    assert "wrote pictures/small-boundaries.csv" in err
    table = (here / "pictures" / "small-boundaries.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["period"] for row in rows} == {"10", "30"}
    printed, _ = dynstudy(here, "map", "small", "--boundaries", "--format", "csv")
    assert printed == table
    out, _ = dynstudy(here, "show", "small", "--format", "json")
    assert [row["period"] for row in json.loads(out)["boundaries"]] == [10, 30]

    dynstudy(here, "run", "small.toml", "--set", "name=line", "--set", "space.amplitude=3")
    assert "line: has no boundaries" in fails(here, "map", "line", "--boundaries", "--out", "new")
    out, _ = dynstudy(here, "show", "line")
    assert "boundaries" not in out


def test_instability_of_a_map(here: Path) -> None:
    dynstudy(here, "run", "small.toml")
    line = fails(here, "map", "small", "--show", "instability", "--out", "new")
    assert "add a table [protocol.curvature]" in line
    assert "--show 'steep': is no measure" in fails(here, "map", "small", "--show", "steep")
    asked = "--set", "protocol.curvature.eigenvalues=1", "--extend"  # as that line says
    dynstudy(here, "run", "small.toml", *asked)
    out, err = dynstudy(here, "map", "small", "--show", "instability", "--out", "pictures")
    assert "dce, width 5, learning rate 1: share of uphill steps" in out
    assert "largest_curvature" in out  # the table of associations
    for what in ("small", "small-instability", "small-association"):
        assert f"wrote pictures/{what}.png\nwrote pictures/{what}.csv\n" in err
    table = (here / "pictures" / "small-instability.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert len(rows) == 5
    assert all(0 <= float(row["share_uphill"]) <= 1 for row in rows)
    both = "map", "small", "--show", "instability", "--format", "csv"
    assert dynstudy(here, *both)[0] == table
    assert "--boundaries and --show" in fails(here, *both, "--boundaries", "--out", "new")
    out, err = dynstudy(here, "map", "small", "--show", "share_uphill", "--out", "one")
    assert sorted(path.name for path in (here / "one").iterdir()) == [
        *("small-share_uphill.csv", "small-share_uphill.png", "small.csv", "small.png")
    ]


def test_a_search_without_a_trained_cell_cannot_be_drawn(here: Path) -> None:
    storage = Storage(f"sqlite:///{here}/storage.db", create=True)
    for maximize in ("val_accuracy", "gain"):
        storage.open_study(small_search(name=maximize, maximize=maximize))
        storage.engine.dispose()
        asked = "map", maximize, "--storage", "sqlite:///storage.db", "--out", "new"
        assert f"study {maximize!r} has no trained cell to draw yet" in fails(here, *asked)


def test_a_picture_that_cannot_be_written_leaves_nothing(here: Path) -> None:
    dynstudy(here, "run", "small.toml")
    (here / "taken").write_text("a file")
    out, err = dynstudy(here, "map", "small", "--out", "taken", expected=2)
    assert "taken: is a file, not a folder" in err
    assert out == ""


def test_an_atlas_is_its_pixels_and_edges(here: Path) -> None:
    (here / "storage").mkdir()
    database = f"sqlite:///{here}/storage/dynstudy.db"
    plant_atlas(Storage(database, create=True), small_atlas())
    out, err = dynstudy(here, "map", "atlas", "--boundaries", "--out", "pictures")
    assert "4 tiles: " in out
    assert "smoothed, DCE at width 5 gains" in out
    assert "forgetting_onset" in out
    files = ["atlas-pixels-gain.png", "atlas-edges.csv", "atlas.png", "atlas.csv"]
    assert [f"wrote pictures/{name}" in err for name in files] == [True] * 4
    table = (here / "pictures" / "atlas-edges.csv").read_text()
    assert len({row["period"] for row in csv.DictReader(io.StringIO(table))}) == 4
    assert dynstudy(here, "map", "atlas", "--boundaries", "--format", "csv")[0] == table
    dynstudy(here, "map", "atlas", "--show", "forgetting", "--out", "one")
    assert (here / "one" / "atlas-pixels-forgetting.png").is_file()
    rows, _ = dynstudy(here, "map", "atlas", "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(rows)))) == 5  # the static loss, and tiles
    both = "--boundaries", "--show", "forgetting"  # pixels of it are a picture alone
    assert dynstudy(here, "map", "atlas", *both, "--format", "csv", "--out", "both")[0] == table
    assert (here / "both" / "atlas-pixels-forgetting.png").is_file()
    line = fails(here, "map", "atlas", "--show", "steep", "--out", "new")
    assert "atlas: has no steep; it has gain, val_accuracy" in line
    assert not (here / "new").exists()


def test_edges_that_are_none_are_no_table_of_tiles(here: Path) -> None:
    (here / "storage").mkdir()
    database = f"sqlite:///{here}/storage/dynstudy.db"
    plant_atlas(Storage(database, create=True), small_atlas(seed=3))
    line = fails(here, "map", "atlas", "--boundaries", "--format", "csv", "--out", "new")
    assert "atlas: no edges: seed = 3: one draw has no replicates" in line
    out, _ = dynstudy(here, "map", "atlas", "--boundaries", "--out", "new")
    assert "no edges: seed = 3" in out
