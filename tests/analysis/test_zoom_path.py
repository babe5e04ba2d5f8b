"""Atlases each of which is a part of the one before."""

import json
from typing import Any

import optuna
import pytest

from dynstudy.analysis.zoom_path import read_zooms, shares
from dynstudy.errors import DynstudyError
from dynstudy.store.rename_note_tag import rename
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from dynstudy.study.zooms import part
from tests.planted import small_map
from tests.planted_atlas import small_atlas

ATLAS = small_atlas()
NEAR = part(ATLAS, {"amplitude": (20, 200), "period": (10, 20)}, "near")
NEARER = part(NEAR, {"amplitude": (30, 40)}, "nearer", pixels=(3, 3), seed=5)


@pytest.fixture
def way(storage: Storage) -> Storage:
    """With an atlas, a zoom of it, and a zoom of that."""
    for spec in (ATLAS, NEAR, NEARER):
        storage.open_study(spec)
    return storage


def names(storage: Storage, *typed: str) -> list[str]:
    return [atlas.spec.name for atlas in read_zooms(storage, typed)]


def test_one_name_is_enough(way: Storage) -> None:
    assert names(way, "atlas") == names(way, "nearer") == ["atlas", "near", "nearer"]
    assert names(way, "near") == ["atlas", "near"]
    assert names(way, "atlas", "nearer") == ["atlas", "nearer"]


def test_which_of_several_zooms_is_asked(way: Storage) -> None:
    way.open_study(part(ATLAS, {"amplitude": (20, 30)}, "other"))
    with pytest.raises(DynstudyError, match="atlas: has several zooms, near, other; name the one"):
        names(way, "atlas")
    assert names(way, "other") == ["atlas", "other"]


def test_a_part_is_where_it_is_along_the_logarithm(way: Storage) -> None:
    atlas, near, nearer = read_zooms(way, ["nearer"])
    (left, right), (bottom, top) = shares(atlas, near)
    assert (left, right) == pytest.approx((0.5, 1))  # 20 is 10 times 2, and 200 100 times
    assert (bottom, top) == pytest.approx((0, 0.5))
    _, upwards = shares(near, nearer)
    assert upwards == pytest.approx((0, 1))


def test_a_part_of_an_even_axis_is_where_it_is(storage: Storage) -> None:
    even = {**ATLAS.resolved()["space"], "amplitude": {"low": 2, "high": 102}}
    whole = small_atlas(space=even)
    for spec in (whole, part(whole, {"amplitude": (12, 52)}, "near")):
        storage.open_study(spec)
    assert shares(*read_zooms(storage, ["near"]))[0] == pytest.approx((0.1, 0.5))


def test_what_is_no_zoom_is_said(way: Storage) -> None:
    beyond = small_atlas(name="beyond", space=ATLAS.resolved()["space"] | {"width": 6})
    for spec in (beyond, small_map()):
        way.open_study(spec)
    for typed, said in (
        (["near", "atlas"], "atlas: is no zoom of near: its amplitude from 2 to 200 is not within"),
        (["atlas", "beyond"], r"beyond: is no zoom of atlas: space.width was \[5\], now \[6\]"),
        (["atlas", "small"], "small: is a map, and no atlas"),
        (["small"], "small: has no zooms"),
        (["beyond"], "beyond: has no zooms; dynstudy zoom beyond .* makes one"),
        (["absent"], "'absent' is not in"),
    ):
        with pytest.raises(DynstudyError, match=said):
            names(way, *typed)


def test_an_atlas_that_has_another_name_now_is_still_on_the_way(way: Storage) -> None:
    rename(way, "near", "now")
    for name in ("atlas", "nearer"):
        assert names(way, name) == ["atlas", "now", "nearer"]
    assert way.spec(way.study("nearer")) == NEARER.model_copy(update={"zoom_of": "now"})


def test_an_atlas_that_is_no_more_is_named(way: Storage) -> None:
    optuna.delete_study(study_name="near", storage=way.optuna)
    with pytest.raises(
        DynstudyError, match=r"nearer: was zoomed from near, which is not in .*name"
    ):
        names(way, "nearer")
    assert names(way, "atlas", "nearer") == ["atlas", "nearer"]


def test_atlases_that_say_they_are_zooms_of_each_other_end(storage: Storage) -> None:
    spec: Any = StudySpec.of(ATLAS.resolved() | {"zoom_of": "other"})
    storage.open_study(spec)
    storage.open_study(StudySpec.of(ATLAS.resolved() | {"name": "other", "zoom_of": "atlas"}))
    assert names(storage, "atlas") == ["other", "atlas"]


def test_another_study_that_is_damaged_is_in_nobodys_way(way: Storage) -> None:
    study = way.open_study(small_map())
    study.set_user_attr("dynstudy:spec", json.dumps("damaged"))
    assert names(way, "atlas") == ["atlas", "near", "nearer"]
