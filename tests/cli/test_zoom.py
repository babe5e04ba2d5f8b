"""``dynstudy zoom``."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from dynstudy.analysis.atlas import Atlas, read_atlas
from dynstudy.analysis.atlas_dimension import boundary_of
from dynstudy.analysis.boundary_point import boundary_point
from dynstudy.cli import launching
from dynstudy.launch.runner import run
from dynstudy.store.studies import Storage
from dynstudy.study.zooms import nearer
from tests.cli.three_studies import words
from tests.command import dynstudy, fails
from tests.planted import small_map
from tests.planted_atlas import small_atlas


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an atlas of one draw, one of a draw each, and a map."""
    path = tmp_path_factory.mktemp("atlas") / "dynstudy.db"
    storage = Storage(f"sqlite:///{path}", create=True)
    run(small_atlas(seed=5, name="one"), storage=storage)
    storage.open_study(small_atlas())
    storage.open_study(small_map())
    storage.engine.dispose()
    return path


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which take longer than the atlases."""
    monkeypatch.setattr(launching, "page_after_launch", lambda *_, **__: None)


@pytest.fixture
def here(trained: Path, tmp_path: Path) -> Path:
    (tmp_path / "storage").mkdir()
    shutil.copy(trained, tmp_path / "storage")
    return tmp_path


def names(here: Path) -> list[str]:
    """The studies in a folder's database."""
    storage = Storage(f"sqlite:///{here}/storage/dynstudy.db")
    listed = storage.names()
    storage.engine.dispose()
    return listed


def read(here: Path, name: str) -> Atlas:
    """An atlas in a folder's database."""
    return read_atlas(Storage(f"sqlite:///{here}/storage/dynstudy.db"), name)


def test_a_part_is_launched_kept_and_resumed(here: Path) -> None:
    typed = ["zoom", "one", "--amplitude", "20:200", "--period", "20:40"]
    _, err = dynstudy(here, *typed)
    assert err.startswith("one-zoom-1: a zoom of one\n")
    assert "amplitude from 20 to 200, period from 20 to 40" in err
    assert "one-zoom-1: 25 networks trained" in err  # the static one is read elsewhere
    zoom = read(here, "one-zoom-1")
    assert zoom.recorded.all()
    assert zoom.spec.zoom_of == "one"
    _, err = dynstudy(here, *typed)
    assert "one-zoom-1: 0 networks trained" in err
    out, _ = dynstudy(here, "show", "one-zoom-1")
    assert "\na zoom of one\n" in out


def test_pixels_that_are_the_whole_s_are_its_networks(here: Path) -> None:
    """A quarter with a quarter of the pixels has the same middles, and one draw is for all."""
    quarter = ["--amplitude", "20:200", "--period", "20:40", "--pixels", "3,2"]
    _, err = dynstudy(here, "zoom", "one", *quarter)
    assert "one-zoom-1: 1 networks trained, 6 taken from the ledger" in err  # the static one
    whole, zoom = (read(here, name) for name in ("one", "one-zoom-1"))
    assert np.ptp(whole.of("val_accuracy")) > 0
    np.testing.assert_array_equal(zoom.of("val_accuracy"), whole.of("val_accuracy")[2:, 3:])


def test_a_study_file_is_written_instead_and_runs_later(here: Path) -> None:
    typed = ["zoom", "one", "--amplitude", "10:90", "--pixels", "2,2"]
    before = names(here)
    _, err = dynstudy(here, *typed, "--out", "part.toml")
    assert "next: dynstudy run part.toml" in err
    assert names(here) == before
    assert "part.toml: is there already" in fails(here, *typed, "--out", "part.toml")
    assert "5 networks trained" in dynstudy(here, "run", "part.toml")[1]
    assert read(here, "one-zoom-1").recorded.all()
    assert "0 networks trained" in dynstudy(here, *typed)[1]  # it is the same study
    assert dynstudy(here, *typed, "--out", "-") == ((here / "part.toml").read_text(), "")


def test_a_dry_run_says_what_it_takes_and_writes_nothing(here: Path) -> None:
    database = here / "storage" / "dynstudy.db"
    before = database.read_bytes()
    out, err = dynstudy(here, "zoom", "atlas", "--period", "20:22", "--dry-run")
    assert "study          atlas-zoom-1" in out
    assert "atlas-zoom-1: amplitude from 2 to 200, period from 20 to 22" in err
    assert "note: period: 4 pixels have 3 values; those that share one are replicates" in err
    assert database.read_bytes() == before


def test_a_sequence_into_a_point_is_launched_one_after_the_other(here: Path) -> None:
    typed = ["zoom", "one", "--to", "amplitude=10", "--factor", "2", "--pixels", "2,2"]
    _, err = dynstudy(here, *typed, "--times", "2")
    assert [line[:10] for line in err.splitlines() if "a zoom of" in line] == [
        "one-zoom-1",
        "one-zoom-2",
    ]
    first, second = (read(here, f"one-zoom-{number}") for number in (1, 2))
    assert first.recorded.all()
    assert second.recorded.all()
    assert second.spec.zoom_of == "one-zoom-1"
    ratios = [np.log(each.right.range.high / each.right.range.low) for each in (first, second)]
    np.testing.assert_allclose(ratios, np.log(100) / np.array([2, 4]))


def test_a_sequence_into_a_boundary_goes_where_the_zoom_before_has_it(here: Path) -> None:
    typed = ["zoom", "one", "--to", "gain", "--factor", "2", "--times", "2"]
    _, err = dynstudy(here, *typed)
    assert "one-zoom-2: a zoom of one-zoom-1" in err
    for whole, part in (("one", "one-zoom-1"), ("one-zoom-1", "one-zoom-2")):
        point = boundary_point(boundary_of(read(here, whole), "gain"))
        ends = nearer(read(here, whole).spec, point, 2)
        zoom = read(here, part)
        assert zoom.recorded.all()
        assert zoom.right.range.low == pytest.approx(ends["amplitude"][0])
        assert zoom.right.range.high == pytest.approx(ends["amplitude"][1])
    _, err = dynstudy(here, *typed)
    assert "one-zoom-1: 0 networks trained" in err
    assert "one-zoom-2: 0 networks trained" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "of which part?"),
        (["--amplitude", "8"], "--amplitude 8: must be LOW:HIGH, as in 80:120"),
        (["--amplitude", "a:8"], "--amplitude: a is not a number"),
        (["--amplitude", ":8"], "--amplitude: nothing is not a number"),
        (["--amplitude", "8:inf"], "--amplitude: inf is not a number"),
        (["--amplitude", "8:nan"], "--amplitude: nan is not a number"),
        (["--amplitude", "8:201"], "amplitude 8:201: one reaches from 2 to 200"),
        (["--amplitude", "9:8"], "amplitude 9:8: holds nothing"),
        (["--period", "20.1:20.9"], "period 20.1:20.9: holds no two whole numbers"),
        (["--learning-rate", "1:2"], "learning rate: is no axis of one"),
        (["--width", "1:2"], "width: is no axis of one; its axes are amplitude and period"),
        (["--amplitude", "8:9", "--name", "one"], "study 'one' is in"),
        (["--amplitude", "8:9", "--name", "small"], "study 'small' is in"),
        (["--amplitude", "8:9", "--pixels", "3"], "--pixels 3: must be two whole numbers"),
        (["--amplitude", "8:9", "--pixels", "3,x"], "--pixels 3,x: must be two whole numbers"),
        (["--amplitude", "8:9", "--pixels", "1,9"], "pixels = (1, 9): must be two whole numbers"),
        (["--amplitude", "8:9", "--seed", "-1"], "seed = -1: must be a whole number from 0"),
        (["--amplitude", "8:9", "--seed", "x"], "seed = 'x': must be a whole number from 0"),
        (["--amplitude", "8:9", "--factor", "2"], "--factor is for --to"),
        (["--amplitude", "8:9", "--times", "2"], "--times is for --to"),
        (["--amplitude", "8:9", "--to", "amplitude=8"], "choose one"),
        (["--to", "amplitude"], "--to amplitude: must be a value for each axis"),
        (["--to", "amplitude=8,amplitude=9"], "must be a value for each axis"),
        (["--to", "amplitude=x"], "--to: x is not a number"),
        (["--to", "amplitude=201"], "amplitude = 201: is outside one"),
        (["--to", "depth=1"], "depth: is no axis of one"),
        (["--to", "amplitude=8", "--factor", "1"], "--factor 1: must be above 1"),
        (["--to", "amplitude=8", "--times", "2", "--out", "x.toml"], "--out writes one study"),
        (["--amplitude", "8:9", "--dry-run", "--out", "x.toml"], "choose one"),
        (["--to", "gain", "--times", "2", "--dry-run"], "leave out --times"),
        (["--to", "losses"], "--to losses: must be a value for each axis"),
        (["--amplitude", "8:9", "--backend", "none"], "none"),
        (["--amplitude", "8:9", "--out", "."], "is a folder"),
        (["--amplitude", "8:9", "--name", ""], "name = '': must"),
        (["--noise", "0.1:0.3"], "noise: is no axis of one"),
        (["--period", "20:22", "--out", "storage/dynstudy.db"], "is there already"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_writes_nothing(
    arguments: list[str], said: str, here: Path
) -> None:
    database = here / "storage" / "dynstudy.db"
    before = database.read_bytes()
    assert said in fails(here, "zoom", "one", *arguments)
    assert database.read_bytes() == before


def test_a_boundary_is_of_one_draw(here: Path) -> None:
    said = fails(here, "zoom", "atlas", "--to", "gain")
    assert "atlas: each pixel is a draw of its own" in said


def test_what_is_no_atlas_is_said(here: Path) -> None:
    assert "small: is a map, and no atlas" in fails(here, "zoom", "small", "--amplitude", "8:9")
    assert "did you mean 'one'" in fails(here, "zoom", "ona", "--amplitude", "8:9")
