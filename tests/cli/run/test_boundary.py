"""Boundary studies as a user meets them."""

import csv
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from dynstudy.analysis.regime_map import regime_map
from dynstudy.pictures.regime_map import regime_figure
from dynstudy.pictures.style import save
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from dynstudy.study.spec import StudySpec
from tests.command import dynstudy, fails
from tests.planted import SMALL, plant

STUDY: dict[str, Any] = {
    **SMALL,
    "name": "edge",
    "kind": "boundary",
    "replicates": 6,
    "boundary": {"cells": 6, "batch": 3},
    "space": {"learning_rate": 1.0, "amplitude": [3, 10, 30], "period": [10, 20, 30], "width": 5},
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "edge.toml").write_text(tomli_w.dumps(STUDY))
    return tmp_path


def test_from_a_study_file_to_a_map_with_predicted_cells(here: Path) -> None:
    out, _ = dynstudy(here, "run", "edge.toml", "--dry-run")
    assert "cells          7" in out
    assert "networks       60 (0 of them already in the ledger)" in out
    _, err = dynstudy(here, "run", "edge.toml")
    assert "all 9 cells are settled; 6 of them are trained" in err
    assert "60 networks trained, 0 taken from the ledger" in err
    _, err = dynstudy(here, "run", "edge.toml")
    assert "0 networks trained" in err
    (row,) = json.loads(dynstudy(here, "list", "--kind", "boundary", "--format", "json")[0])
    assert (row["status"], row["cells"], row["networks_trained"]) == ("complete", 7, 60)
    out, _ = dynstudy(here, "show", "edge")
    for fact in ("7 of 7 cells", "60 of 60 networks", 'kind = "boundary"', "not trained but"):
        assert fact in " ".join(out.split())

    out, _ = dynstudy(here, "map", "edge", "--boundaries", "--out", "pictures")
    assert out.count("(+") + out.count("(-") == 3
    assert "(predicted)" in out
    table = (here / "pictures" / "edge.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["predicted"] for row in rows] == ["False"] * 7 + ["True"] * 3
    assert {row["replicates"] for row in rows[7:]} == {"0"}
    assert all(float(row["gain_low"]) < float(row["gain"]) for row in rows[7:])
    edge = regime_map(Storage(f"sqlite:///{here}/storage/dynstudy.db"), "edge")
    figure = regime_figure(edge, pooled=True)  # as --boundaries draws it
    again = save(figure, here / "own.png", "edge")
    assert (here / "pictures" / "edge.png").read_bytes() == again.read_bytes()
    numbers = [text.get_text() for text in figure.axes[0].texts]
    assert len(numbers) == 9
    assert sum("(" in number for number in numbers) == 3  # what is predicted

    dynstudy(here, "export", "edge", "--top", "2", "--out", "best.toml")
    best = tomllib.loads((here / "best.toml").read_text())
    assert len(best["configuration"]) == 2
    dynstudy(here, "export", "edge", "--format", "csv", "--out", "edge.csv")
    assert len((here / "edge.csv").read_text().splitlines()) == 1 + 60


def test_a_map_that_is_trained_is_chosen_from(here: Path) -> None:
    space = {
        "learning_rate": 1.0,
        "amplitude": [10, 30, 60, 600, 800, 1000],
        "period": [30, 100],
        "width": 20,
    }
    whole: Any = {"name": "whole", "kind": "map", "loss": "dce", "replicates": 10, "space": space}
    edge = {**whole, "name": "edge", "kind": "boundary", "boundary": {"cells": 6, "batch": 3}}
    (here / "edge.toml").write_text(tomli_w.dumps(edge))
    spec = StudySpec.of(whole)
    assert isinstance(spec, MapSpec)
    plant(Storage(f"sqlite:///{here}/planted.db", create=True), spec)
    there = ("--storage", "sqlite:///planted.db")
    out, _ = dynstudy(here, "run", "edge.toml", "--dry-run", *there)
    assert "none: everything is in the ledger" in out
    _, err = dynstudy(here, "run", "edge.toml", *there)
    assert "0 networks trained, 100 taken from the ledger" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "edge.toml", "--set", "space.amplitude=30"], "at least two amplitudes above 1"),
        (["run", "edge.toml", "--set", "boundary.cells=1"], "boundary.cells = 1: must be at least"),
        (["run", "edge.toml", "--set", "search.trials=9"], "unknown key 'search'"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], said: str, here: Path) -> None:
    assert said in fails(here, *arguments)
