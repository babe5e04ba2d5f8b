"""``dynstudy dimension``."""

import json
from pathlib import Path

import pytest
import tomli_w

from tests.command import dynstudy, fails
from tests.planted_atlas import ATLAS


def test_draws_and_precisions_of_a_small_atlas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynstudy.statistics.boundary_dimension.FEWEST", 1)
    double = ATLAS["protocol"] | {"dtype": "float64"}
    for name, changes in {
        "first": {"seed": 0},
        "second": {"seed": 1},
        "double": {"seed": 0, "protocol": double},
    }.items():
        (tmp_path / f"{name}.toml").write_text(tomli_w.dumps(ATLAS | changes | {"name": name}))
        dynstudy(tmp_path, "run", f"{name}.toml")
    names = ("first", "second", "double")
    out, err = dynstudy(tmp_path, "dimension", *names, "--of", "gain", "--format", "json")
    rows = json.loads(out)
    assert [(row["studies"], row["dtype"], row["method"], row["draws"]) for row in rows] == [
        ("first, second", "float32", "pairs", 2),
        ("first, second", "float32", "boxes", 2),
        ("double", "float64", "pairs", 1),
        ("double", "float64", "boxes", 1),
    ]
    assert "note: first and double differ in " in err
    assert "pairs" in dynstudy(tmp_path, "dimension", "first", "--of", "gain")[0]
    assert "no boundary 'gains'" in fails(tmp_path, "dimension", "first", "--of", "gains")
