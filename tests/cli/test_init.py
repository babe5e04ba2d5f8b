"""From an empty folder to a study."""

import io
import json
from pathlib import Path

import pytest

from dynstudy.study.shipped import FIRST, shipped
from dynstudy.study.study_file import load_spec
from tests.command import called, dynstudy, fails

SMALL = "protocol.steps=200 protocol.tail=20 protocol.data.points_per_class=20".split()
SMALL += "protocol.data.validation_points_per_class=20".split()
SMALLER = {
    "quickstart": ["replicates=1", "space.period=[10,20]"],
    "map": ["replicates=1", "space.period=[10,20]", "space.width=[3,4]"],
    "search": [
        "replicates=1",
        "search.trials=3",
        "search.batch=2",
        "space.period={low=5,high=50}",
        "space.width={low=2,high=4}",
    ],
    "boundary": [
        "replicates=6",
        "boundary.cells=4",
        "boundary.batch=2",
        "space.period=[10,20]",
        "space.width=3",
    ],
    "atlas": ["pixels=[4,4]", "tile=2", "space.period={low=5,high=9}"],
}


@pytest.mark.parametrize("name", FIRST)
def test_what_is_written_runs(name: str, tmp_path: Path) -> None:
    out, err = dynstudy(tmp_path, "init", name)
    assert (out, err) == ("", f"wrote {name}.toml; next: dynstudy run {name}.toml --dry-run\n")
    words = [word for each in SMALL + SMALLER[name] for word in ("--set", each)]
    dynstudy(tmp_path, "run", f"{name}.toml", *words)
    (row,) = json.loads(dynstudy(tmp_path, "list", "--format", "json")[0])
    assert (row["study"], row["status"]) == (name, "complete")


def test_a_file_is_written_over_only_where_that_is_asked_for(tmp_path: Path) -> None:
    mine = tmp_path / "map.toml"
    mine.write_text("mine")
    assert "map.toml: is there already; --force" in fails(tmp_path, "init", "map")
    assert mine.read_text() == "mine"
    dynstudy(tmp_path, "init", "map", "--out", "new/mine.toml")
    dynstudy(tmp_path, "init", "map.toml", "--force")
    expected = shipped()["map"].read_text()
    assert mine.read_text() == (tmp_path / "new" / "mine.toml").read_text() == expected
    assert dynstudy(tmp_path, "init", "map", "--out", "-") == (expected, "")


def test_without_a_name_all_are_listed(tmp_path: Path) -> None:
    for words in (["init"], ["init", "--list"]):
        out, err = dynstudy(tmp_path, *words, "--format", "json")
        assert [row["name"] for row in json.loads(out)] == [*shipped()]
        assert err == "dynstudy init NAME writes one of them to NAME.toml\n"
    assert "dynstudy init lists those that do" in fails(tmp_path, "init", "nothing")
    assert list(tmp_path.iterdir()) == []


def test_whoever_runs_a_name_is_told_where_a_file_comes_from(tmp_path: Path) -> None:
    status, _, err = called(tmp_path, io.StringIO(), "run", "quickstart")
    assert status == 2
    assert err == "error: quickstart: no such study file; " + (
        "dynstudy init quickstart writes quickstart.toml\n"
    )


def test_what_a_study_file_needs_beside_it_is_written_too(tmp_path: Path) -> None:
    _, err = dynstudy(tmp_path, "init", "fig2", "--out", "new/mine.toml")
    assert err == (
        "wrote new/fig2-initial.npz\nwrote new/mine.toml; next: dynstudy run new/mine.toml "
        "--dry-run\n"
    )
    assert load_spec(tmp_path / "new" / "mine.toml").name == "fig2"
    said = fails(tmp_path, "init", "fig2", "--out", "new/other.toml")
    assert "fig2-initial.npz: is there already; --force writes over it" in said
