"""export, reproduce and train as a user meets them."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest
import tomli_w

from tests.command import dynstudy, fails
from tests.planted import SMALL


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished study; what fails in it leaves it as it was."""
    here = tmp_path_factory.mktemp("here")
    (here / "small.toml").write_text(tomli_w.dumps(SMALL))
    dynstudy(here, "run", "small.toml")
    return here


def test_from_a_study_to_a_file_that_anyone_can_check(studied: Path) -> None:
    out, err = dynstudy(studied, "export", "small", "--top", "2", "--out", "best.toml", "--weights")
    assert out == ""
    assert "wrote best.toml; check it anywhere with: dynstudy reproduce best.toml" in err
    assert "on fresh seeds (n = " in err
    assert (studied / "best.safetensors").exists()

    out, _ = dynstudy(studied, "reproduce", "best.toml")
    assert "passed (tested: bit-equal)" in out
    text = (studied / "best.toml").read_text()
    (studied / "false.toml").write_text(text.replace("replicates = 2", "replicates = 3", 1))
    out, err = dynstudy(studied, "reproduce", "false.toml", "--format", "json", expected=1)
    assert not json.loads(out)[0]["passed"]
    assert "something was changed: configuration.1.found.replicates" in err

    out, err = dynstudy(studied, "train", "best.toml", "--rank", "2", "--points", "10")
    assert "val accuracy 2" in out
    assert "wrote results/best-2-seed0.png" in err
    assert (studied / "results" / "best-2-seed0.csv").read_text().startswith("step,set,class,")


def test_a_trial_is_trained_by_its_number_and_rows_are_for_programs(studied: Path) -> None:
    out, _ = dynstudy(
        studied, "--quiet", "train", "small#3", "--points", "5", "--format", "csv", "--seed", "7"
    )
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 6 * 2 * 3
    out, err = dynstudy(studied, "--quiet", "export", "small", "--format", "csv")
    assert err == ""
    assert len(list(csv.DictReader(io.StringIO(out)))) == 16


@pytest.mark.parametrize(("form", "library"), [("parquet", "pyarrow"), ("netcdf", "xarray")])
def test_without_an_extra_one_line_says_how_to_get_it(
    form: str, library: str, studied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    said = fails(studied, "export", "small", "--out", f"all.{form}")
    assert said == (
        f"error: --format {form} needs {library}: pip install 'dynstudy[{form}]', or use "
        "--format csv\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "small", "--top", "0"], "greater than or equal to 1"),
        (["export", "small", "--top", "99"], "has only 5 cells"),
        (["export", "smal"], "did you mean 'small'"),
        (["export", "small", "--by", "width"], "'width' is not one of 'val_accuracy', 'gain'"),
        (
            ["export", "small", "--per", "period"],
            "'period' is not one of 'width', 'loss', 'pareto'",
        ),
        (["export", "small", "--format", "xml"], "'xml' is not one of 'toml', 'json', 'csv'"),
        (["export", "small", "--out", "best.xml"], "its suffix tells no format"),
        (["export", "small", "--format", "yaml"], "'yaml' is not one of 'toml', 'json', 'csv'"),
        (["export", "small", "--format", "parquet"], "--format parquet needs --out"),
        (["export", "small", "--format", "csv", "--top", "2"], "is of the whole study"),
        (["export", "small", "--weights"], "--weights needs --out"),
        (["export", "small", "--out", "small.toml/x.toml"], "is a file, not a folder"),
        (["export", "small", "--storage", "sqlite:///none.db"], "there is no such database"),
        (["export", "small", "--backend", "gpu:99"], "backend 'gpu:99' cannot run"),
        (["reproduce", "small.toml"], "is not an export of dynstudy"),
        (["reproduce", "none.toml"], "no such file"),
        (["train", "small#99"], "has trials 0 to 4"),
        (["train", "none#1"], "'none' is not in"),
        (["train", "small"], "must end in .toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    arguments: list[str], said: str, studied: Path
) -> None:
    assert said in fails(studied, *arguments)
