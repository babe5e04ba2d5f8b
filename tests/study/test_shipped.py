"""The study files that come with dynstudy, and where one that is not there may come from."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from dynstudy.errors import SpecError
from dynstudy.study import shipped as module
from dynstudy.study.kinds import KINDS
from dynstudy.study.shipped import FIRST, question, shipped, shipped_file, where_from
from dynstudy.study.spec import StudySpec
from dynstudy.study.study_file import load_spec
from tests.conftest import ROOT

FILES = shipped()


def test_they_are_those_of_the_repository_and_begin_with_a_template_of_each_kind() -> None:
    assert set(FILES.values()) == set((ROOT / "studies").glob("*.toml"))
    assert tuple(FILES)[: len(FIRST)] == FIRST
    assert set(KINDS) <= set(FIRST)


def test_an_installed_package_has_them_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dynstudy" / "studies").mkdir(parents=True)
    (tmp_path / "dynstudy" / "studies" / "fig3a.toml").touch()
    monkeypatch.setattr(module, "PACKAGE", tmp_path / "dynstudy")
    assert shipped() == {"fig3a": tmp_path / "dynstudy" / "studies" / "fig3a.toml"}


@pytest.mark.parametrize("name", FILES)
def test_each_says_what_it_shows_and_costs_and_what_every_key_is(name: str) -> None:
    text = FILES[name].read_text(encoding="utf-8")
    head, _, keys = text.partition("\n\n")
    assert re.search(r"^# Shows: ", head, re.MULTILINE)
    costs = head.partition("# Costs: ")[2]
    assert "networks" in costs
    assert re.search(r"minute|regime-dce", costs)
    for line in keys.splitlines():
        if re.match(r"(# )?[\w.\[]", line):
            assert " # " in line.removeprefix("# ") or re.match(
                r"# (classes|multivariate|group|constant|val)", line
            ), line
    assert load_spec(FILES[name]).name == name
    assert "\n" not in question(FILES[name])


def uncommented(text: str) -> str:
    """A template with all the keys that it shows, but for those that are no defaults."""
    _, _, keys = text.partition("\n\n")
    shown = (line for line in keys.splitlines() if not re.search("# instead|if you want", line))
    return "\n".join(re.sub(r"^# (?=[\w\[])", "", line) for line in shown)


@pytest.mark.parametrize("name", sorted(set(FIRST) & set(KINDS)))
def test_what_a_template_shows_are_the_defaults(name: str) -> None:
    text = FILES[name].read_text(encoding="utf-8")
    everything = tomllib.loads(uncommented(text))
    assert "data" in everything["protocol"]
    assert len(everything["protocol"]["data"]) == 7
    assert StudySpec.of(everything) == load_spec(FILES[name])
    assert everything["kind"] == name


@pytest.mark.parametrize("name", sorted(set(FIRST) & set(KINDS)))
def test_what_it_shows_besides_is_valid_too(name: str) -> None:
    text = FILES[name].read_text(encoding="utf-8")
    for line in re.findall(r"^# (\w+ = .*?)  # (?:instead|.*if you want)", text, re.MULTILINE):
        load_spec(FILES[name], [line])


def test_a_name_that_is_none_of_them_is_told_the_nearest() -> None:
    assert shipped_file("fig3a") == shipped_file("fig3a.toml") == FILES["fig3a"]
    with pytest.raises(SpecError, match=r"'mapp' comes with dynstudy; did you mean 'map'\?; dyn"):
        shipped_file("mapp")


def test_a_file_that_is_not_there_has_a_way_out(tmp_path: Path) -> None:
    for name, said in {
        "quickstart": "; dynstudy init quickstart writes quickstart.toml",
        "studies/map.toml": "; dynstudy init map writes map.toml",
        "mine.toml": "; dynstudy init writes one to begin with",
    }.items():
        assert where_from(tmp_path / name) == said
    (tmp_path / "quickstart.toml").touch()
    assert where_from(tmp_path / "quickstart") == f"; did you mean {tmp_path}/quickstart.toml?"


def test_the_points_of_long_tail_are_the_first_of_each_digit() -> None:
    pixels, digits = load_digits(return_X_y=True)
    first = [
        np.flatnonzero(digits == digit)[: round(174 / 10 ** (digit / 9))] for digit in range(10)
    ]
    rows = np.sort(np.concatenate(first))
    with np.load(FILES["long-tail"].with_name("long-tail-digits.npz")) as points:
        np.testing.assert_array_equal(points["x"], pixels[rows])
        np.testing.assert_array_equal(points["y"], digits[rows])
    assert (len(rows), (digits[rows] == 0).sum(), (digits[rows] == 9).sum()) == (710, 174, 17)
