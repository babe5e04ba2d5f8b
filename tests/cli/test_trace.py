"""trace as a user meets it."""

import csv
import io
import json
from pathlib import Path

import pytest
import tomli_w

from tests.command import dynstudy, fails
from tests.planted import SEARCH, SMALL
from tests.png import title_of


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished map and a finished search."""
    here = tmp_path_factory.mktemp("here")
    for study in (SMALL, SEARCH):
        (here / "study.toml").write_text(tomli_w.dumps(study))
        dynstudy(here, "run", "study.toml")
    return here


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_a_cell_is_named_by_its_values_and_traced_with_all_its_networks(studied: Path) -> None:
    out, err = dynstudy(
        studied, "trace", "small", "--cell", "amplitude=30,period=10", "--points", "4"
    )
    for kind in ("forgetting", "unrecovered", "lasting"):
        assert kind in out
    stem = "results/small-dce-width5-rate1-A30-T10-trace"
    assert f"wrote {stem}.png" in err
    assert title_of(studied / f"{stem}.png") is None
    traced = rows(studied / f"{stem}.csv")
    assert list(traced[0]) == ["seed", "step", "set", "class", "gamma", "accuracy", "loss"]
    assert {row["seed"] for row in traced} == {"0", "1"}
    assert (traced[0]["step"], traced[-1]["step"]) == ("90", "200")


def test_a_trial_is_traced_by_its_number_with_the_networks_asked_for(studied: Path) -> None:
    dynstudy(studied, "map", "small", "--out", "maps")
    cell = rows(studied / "maps" / "small.csv")[3]
    arguments = ("trace", "small#3", "--format", "json", "--oscillations", "1", "--points", "2")
    out, err = dynstudy(studied, "--quiet", *arguments, "--out", "traces")
    assert err == ""
    for row in json.loads(out):
        assert row["net"] == pytest.approx(float(cell[row["kind"]]))
    out, _ = dynstudy(studied, *arguments, "--out", "traces", "--replicates", "1")
    assert {row["networks"] for row in json.loads(out)} == {1}
    dynstudy(studied, *arguments, "--out", "traces", "--seed", "7")
    traced = rows(studied / "traces" / "small-3-trace-seed7.csv")
    assert {row["seed"] for row in traced} == {"7"}


def test_a_search_has_cells_too_whose_static_loss_was_not_read(studied: Path) -> None:
    out, err = dynstudy(studied, "trace", "search#0", "--points", "2", "--format", "csv")
    first = next(csv.DictReader(io.StringIO(out)))
    assert (first["kind"], first["networks"], first["net"]) == ("forgetting", "2", "")
    assert "the static loss was not read at these steps" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["small"], "5 cells to choose from; say more: loss is ce, dce; amplitude is 3, 30; "),
        (["small", "--cell", "amplitude=3"], "2 cells have amplitude=3; say more: period is 10"),
        (["small", "--cell", "amplitude=4"], "no cell has amplitude=4; amplitude is 3, 30"),
        (["small", "--cell", "amplitud=3"], "did you mean 'amplitude'"),
        (["small", "--cell", "loss=ce"], "is static: it has no oscillations"),
        (["small#1", "--cell", "amplitude=3"], "small#1 names a cell already"),
        (["small#99"], "has trials 0 to 4"),
        (["smal", "--cell", "loss=dce"], "did you mean 'small'"),
        (["small#1", "--replicates", "3"], "--replicates 3: the cell has at most 2"),
        (["small#1", "--replicates", "1", "--seed", "1"], "exclude each other"),
        (["small#1", "--oscillations", "16"], "has 1 to 15 before its tail"),
        (["small#1", "--oscillations", "0"], "greater than or equal to 1"),
        (["small#1", "--format", "xml"], "'xml' is not one of 'table', 'json', 'csv'"),
        (["small#1", "--out", "study.toml"], "is a file, not a folder"),
        (["small#1", "--backend", "gpu:99"], "backend 'gpu:99' cannot run"),
        (["small#1", "--storage", "sqlite:///none.db"], "there is no such database"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    arguments: list[str], said: str, studied: Path
) -> None:
    assert said in fails(studied, "trace", *arguments)


BRANCHING = {
    "name": "branching",
    "kind": "map",
    "loss": "dce",
    "replicates": 1,
    "protocol": {
        "steps": 2400,
        "tail": 0,
        "data": {"points_per_class": 20, "validation_points_per_class": 30},
    },
    "space": {"learning_rate": 2.0, "amplitude": 30, "period": 800, "width": 20},
}


@pytest.fixture(scope="module")
def branching(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study of one unstable network, and its static ones."""
    here = tmp_path_factory.mktemp("branching")
    (here / "study.toml").write_text(tomli_w.dumps(BRANCHING))
    dynstudy(here, "run", "study.toml")
    return here


def test_the_branches_of_a_network_are_drawn_written_and_told(branching: Path) -> None:
    out, err = dynstudy(
        branching, "trace", "branching", "--cell", "loss=dce", "--bifurcation", "--seed", "2",
        "--steps", "400:700", "--floquet", "--format", "json",
    )  # fmt: skip
    intervals = json.loads(out)
    assert intervals[0]["period"] == 1
    assert {row["period"] for row in intervals} & {2, 4}
    assert intervals[0]["from"] == 400
    assert intervals[-1]["to"] == 699
    assert sum(row["steps"] for row in intervals) == 300
    assert all(row["lowest_multiplier"] < 1 for row in intervals)
    stem = "results/branching-dce-width20-rate2-A30-T800-bifurcation-seed2"
    assert f"wrote {stem}.png" in err
    assert title_of(branching / f"{stem}.png") is None
    read = rows(branching / f"{stem}.csv")
    assert list(read[0]) == (
        "step branch loss train_accuracy val_accuracy cycle multiplier imaginary".split()
    )
    assert [int(row["step"]) for row in read] == list(range(400, 700))
    for row in intervals:
        within = [each for each in read if row["from"] <= int(each["step"]) <= row["to"]]
        assert {each["cycle"] for each in within} == {str(row["period"] or 0)}
    assert {row["multiplier"] == "" for row in read} == {True, False}


def test_without_a_window_the_first_instability_is_shown(branching: Path) -> None:
    out, _ = dynstudy(
        branching, "trace", "branching", "--cell", "loss=dce", "--bifurcation", "--format", "csv",
        "--out", "first",
    )  # fmt: skip
    intervals = list(csv.DictReader(io.StringIO(out)))
    assert 0 < int(intervals[0]["from"]) < 800
    assert intervals[-1]["to"] == "799"
    assert "lowest_multiplier" not in intervals[0]
    assert (branching / "first/branching-dce-width20-rate2-A30-T800-bifurcation-seed0.png").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["small", "--cell", "loss=ce", "--bifurcation"], "no instability sets in within its 200"),
        (["small#1", "--bifurcation", "--steps", "100:300"], "beyond the end; training takes 200"),
        (["small#1", "--bifurcation", "--steps", "100:100"], "an empty window"),
        (["small#1", "--bifurcation", "--steps", "100:120"], "it takes at least 64 steps"),
        (["small#1", "--bifurcation", "--steps", "100"], "--steps '100': must be FROM:TO"),
        (["small#1", "--bifurcation", "--steps", "-5:100"], "must be FROM:TO in whole numbers"),
        (["small#1", "--bifurcation", "--points", "9"], "--points has no meaning in --bifurcation"),
        (["small#1", "--bifurcation", "--replicates", "2"], "--replicates has no meaning in"),
        (["small#1", "--bifurcation", "--oscillations", "2"], "--oscillations has no meaning in"),
        (["small#1", "--steps", "0:100"], "--steps has no meaning in a trace without --bifur"),
        (["small#1", "--floquet"], "--floquet has no meaning in a trace without --bifurcation"),
        (["small#99", "--bifurcation"], "has trials 0 to 4"),
        (["small#1", "--bifurcation", "--out", "study.toml"], "is a file, not a folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_branches_that_cannot_be_shown_are_one_line(
    arguments: list[str], said: str, studied: Path
) -> None:
    assert said in fails(studied, "trace", *arguments)
