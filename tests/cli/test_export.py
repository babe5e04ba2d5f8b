"""``dynstudy export``, and that what it wrote is reproduced and trained."""

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from dynstudy.report import safe_files
from dynstudy.report.safe_files import write_whole
from tests.cli.three_studies import Refusal, words
from tests.command import dynstudy


def test_from_a_study_to_a_file_that_anyone_can_check(three: Path) -> None:
    out, err = dynstudy(three, "export", "small", "--top", "2", "--out", "best.toml", "--weights")
    assert out == ""
    assert "wrote best.toml; check it anywhere with: dynstudy reproduce best.toml" in err
    assert "on fresh seeds (n = " in err
    (weights,) = three.glob("best.toml.*.safetensors")
    assert f"wrote {weights.name}" in err
    assert len(load_file(weights)) > 0

    out, _ = dynstudy(three, "reproduce", "best.toml")
    assert "passed (tested: bit-equal)" in out
    assert "\nnot checked: provenance: commit, command" in out
    text = (three / "best.toml").read_text()
    (three / "false.toml").write_text(text.replace("replicates = 2", "replicates = 3", 1))
    out, err = dynstudy(three, "reproduce", "false.toml", "--format", "json", expected=1)
    assert out == ""
    assert "failed (it contradicts itself; nothing was trained)" in err
    assert "something was changed: configuration.1.found.replicates" in err

    out, err = dynstudy(three, "train", "best.toml", "--rank", "2", "--points", "10")
    assert "val accuracy 2" in out
    assert "wrote results/best-2-seed0.png" in err
    assert (three / "results" / "best-2-seed0.csv").read_text().startswith("step,set,class,")


def exported(three: Path, name: str, *more: str) -> Path:
    dynstudy(three, "export", "small", "--confirm", "0", "--out", name, *more)
    return three / name


def test_each_export_has_weights_of_its_own(three: Path) -> None:
    exported(three, "best.toml", "--weights")
    before = {path.name: path.read_bytes() for path in three.glob("best.toml*")}
    exported(three, "best.json", "--weights", "--by", "gain")
    assert {path.name: path.read_bytes() for path in three.glob("best.toml*")} == before
    dynstudy(three, "reproduce", "best.toml")


def test_an_export_over_another_takes_its_weights_away(three: Path) -> None:
    exported(three, "best.toml", "--weights")
    first = set(three.glob("*.safetensors"))
    of_others = {three / "best.safetensors", three / "best.toml.mine.safetensors"}
    for path in of_others:
        path.touch()
    dynstudy(three, "export", "other", "--confirm", "0", "--out", "best.toml", "--weights")
    second = set(three.glob("*.safetensors")) - of_others
    assert (len(first), len(second), len(first | second)) == (1, 1, 2)
    dynstudy(three, "reproduce", "best.toml")
    exported(three, "best.toml")
    assert set(three.glob("*.safetensors")) == of_others


@pytest.mark.parametrize("written", [0, 1])
def test_killed_between_two_files_the_export_of_before_is_whole(
    written: int, three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = exported(three, "best.toml", "--weights")
    before = best.read_bytes()
    files: list[Path] = []

    def killed_after(path: Path, write: Callable[[Path], object]) -> Path:
        files.append(path)
        if len(files) > written:
            raise KeyboardInterrupt
        return write_whole(path, write)

    monkeypatch.setattr(safe_files, "write_whole", killed_after)
    monkeypatch.setattr("dynstudy.export.weights.write_whole", killed_after)
    arguments = ["export", "other", "--confirm", "0", "--out", "best.toml", "--weights"]
    dynstudy(three, *arguments, expected=130)
    monkeypatch.undo()
    assert best.read_bytes() == before
    dynstudy(three, "reproduce", "best.toml")
    dynstudy(three, *arguments)
    dynstudy(three, "reproduce", "best.toml")


def test_rows_of_a_whole_study_are_for_programs(three: Path) -> None:
    out, err = dynstudy(three, "--quiet", "export", "small", "--format", "csv")
    assert err == ""
    assert len(list(csv.DictReader(io.StringIO(out)))) == 16


@pytest.mark.parametrize(("form", "library"), [("parquet", "pyarrow"), ("netcdf", "xarray")])
def test_without_an_extra_one_line_says_how_to_get_it(
    form: str, library: str, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    said = refusal("export", "small", "--out", f"all.{form}")
    assert said == (
        f"error: --format {form} needs {library}: pip install 'dynstudy[{form}]', or use "
        "--format csv\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["small", "--top", "0"], "greater than or equal to 1"),
        (["small", "--top", "99"], "has only 5 cells"),
        (["smal"], "did you mean 'small'"),
        (["small", "--by", "width"], "'width' is not one of 'val_accuracy', 'gain'"),
        (["small", "--per", "period"], "'period' is not one of 'width', 'loss', 'pareto'"),
        (["small", "--format", "xml"], "'xml' is not one of 'toml', 'json', 'csv'"),
        (["small", "--out", "best.xml"], "its suffix tells no format"),
        (["small", "--format", "yaml"], "'yaml' is not one of 'toml', 'json', 'csv'"),
        (["small", "--format", "parquet"], "--format parquet needs --out"),
        (["small", "--format", "csv", "--top", "2"], "is of the whole study"),
        (["small", "--weights"], "--weights needs --out"),
        (["small", "--out", "storage/dynstudy.db/x.toml"], "is a file, not a folder"),
        (["small", "--storage", "sqlite:///none.db"], "there is no such database"),
        (["small", "--backend", "gpu:99"], "backend 'gpu:99' cannot run"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("export", *arguments)
