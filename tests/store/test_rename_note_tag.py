import json
from typing import cast

import optuna
import pytest

from dynstudy.errors import (
    DynstudyError,
    SpecError,
    StudyBusyError,
    StudyMismatchError,
    StudyNotFoundError,
)
from dynstudy.launch.runner import run
from dynstudy.store.launches import claim, launches
from dynstudy.store.rename_note_tag import (
    NOTE,
    change_tags,
    note_of,
    rename,
    set_note,
    tags_of,
)
from dynstudy.store.studies import Storage
from dynstudy.store.study_rows import SPEC
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.zooms import part
from tests.planted import SpecMaker
from tests.planted_atlas import small_atlas


def test_a_renamed_study_keeps_number_trials_and_launches(
    storage: Storage, make_spec: SpecMaker
) -> None:
    run(make_spec(), storage=storage)
    before = storage.study("small")
    number = storage.study_id(before)
    rename(storage, "small", "new name ☃")
    assert storage.names() == ["new name ☃"]
    after = storage.study("new name ☃")
    assert storage.study_id(after) == number
    assert [trial.params for trial in after.trials] == [trial.params for trial in before.trials]
    assert len(launches(storage.engine, number)) == 1
    # the study file in it is the same but for its name, and resumes with nothing left to train
    renamed = make_spec(name="new name ☃")
    assert storage.spec(after) == renamed
    assert json.loads(after.user_attrs[SPEC]) == renamed.resolved()
    again = run(renamed, storage=storage)
    assert (again.trained, again.reused) == (0, 16)


@pytest.mark.parametrize("new", ["", "two\nlines", " padded", "x" * 201, "\ud800"])
def test_a_name_that_no_study_file_may_have_is_refused(
    new: str, storage: Storage, make_spec: SpecMaker
) -> None:
    storage.open_study(make_spec())
    with pytest.raises(SpecError, match=r"^rename: name = "):
        rename(storage, "small", new)
    assert storage.names() == ["small"]


def test_a_name_that_is_taken_is_refused_even_by_a_study_of_another_program(
    storage: Storage, make_spec: SpecMaker
) -> None:
    storage.open_study(make_spec())
    storage.open_study(make_spec(name="other"))
    optuna.create_study(study_name="foreign", storage=storage.optuna)
    for taken in ("other", "foreign", "small"):
        with pytest.raises(StudyMismatchError, match=f"'{taken}' exists in .*; choose another"):
            rename(storage, "small", taken)
    with pytest.raises(StudyNotFoundError):
        rename(storage, "foreign", "mine")
    assert storage.names() == ["other", "small"]


def test_a_study_that_is_run_keeps_its_name(storage: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    with (
        claim(storage.engine, number, spec, "auto"),
        pytest.raises(StudyBusyError, match="'small' is being run; wait for it"),
    ):
        rename(storage, "small", "new")
    rename(storage, "small", "new")


def test_a_note_is_kept_whole_and_removed_without_a_trace(
    storage: Storage, make_spec: SpecMaker
) -> None:
    storage.open_study(make_spec())
    text = 'first line\n\n<b>"quotes"</b> \\ ☃ 🌀\n' * 1000  # beyond the 2048 of older schemas
    set_note(storage, "small", text)
    assert note_of(storage.study("small")) == text
    set_note(storage, "small", "other words")
    assert note_of(storage.study("small")) == "other words"
    set_note(storage, "small", "  ")
    assert note_of(storage.study("small")) == ""
    assert NOTE not in storage.study("small").user_attrs
    with pytest.raises(DynstudyError, match="not valid UTF-8"):
        set_note(storage, "small", "\udcff")


def test_tags_are_a_sorted_set(storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    assert tags_of(storage.study("small")) == []
    assert change_tags(storage, "small", ["paper", "b"]) == ["b", "paper"]
    assert change_tags(storage, "small", ["a", "b"], ["paper"]) == ["a", "b"]
    assert tags_of(storage.study("small")) == ["a", "b"]
    with pytest.raises(DynstudyError, match="has no tag 'paper'; its tags are a, b"):
        change_tags(storage, "small", ["c"], ["paper"])
    assert change_tags(storage, "small", (), ["a", "b"]) == []
    assert set(storage.study("small").user_attrs) == {SPEC}


@pytest.mark.parametrize("tag", ["", "two words", "a,b", "line\n", " x", "x" * 51, "\ud800"])
def test_a_tag_is_one_word(tag: str, storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    with pytest.raises(DynstudyError, match="one printable word of at most 50"):
        change_tags(storage, "small", ["good", tag])
    assert tags_of(storage.study("small")) == []


def test_zooms_are_of_the_new_name_and_resume(storage: Storage) -> None:
    whole = small_atlas()
    near = part(whole, {"amplitude": (20, 200)}, "near")
    for study in (whole, near, small_atlas(name="other", zoom_of="else")):
        storage.open_study(study)
    rename(storage, "atlas", "wide")
    for name, zoom_of in (("wide", None), ("near", "wide"), ("other", "else")):
        spec = cast(AtlasSpec, storage.spec(storage.study(name)))
        assert spec.zoom_of == zoom_of
    again = part(small_atlas(name="wide"), {"amplitude": (20, 200)}, "near")
    storage.check_study(again)  # the same study
