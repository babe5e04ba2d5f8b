"""Launches of a study: who runs it now, and how each ended."""

import optuna
import pytest

from dynstudy.errors import (
    StudyBusyError,
)
from dynstudy.store.launches import claim, launches
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker


def test_two_runs_of_a_study_at_once_are_refused(storage: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    with (
        claim(storage.engine, number, spec, "auto"),
        pytest.raises(StudyBusyError, match="is being run by process"),
        claim(storage.engine, number, spec, "auto"),
    ):
        pass
    with claim(storage.engine, number, spec, "auto"):
        pass  # the first one is over


def test_a_run_tells_how_it_ended_and_what_it_was(storage: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))

    class BrokenError(Exception):
        pass

    with pytest.raises(BrokenError), claim(storage.engine, number, spec, "auto"):
        raise BrokenError
    with claim(storage.engine, number, spec, "cpu") as run:
        run.recorded(3, "cpu", "two cores")
    failed, complete = launches(storage.engine, number)
    assert (failed.status, complete.status) == ("failed", "complete")
    assert (complete.networks, complete.device) == (3, "two cores")
    assert complete.ended_at is not None
    for fact in ("versions", "processor", "system"):
        assert fact in complete.provenance


def test_a_new_study_does_not_inherit_a_deleted_ones_runs(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    with claim(storage.engine, number, spec, "auto"):
        pass
    optuna.delete_study(study_name=spec.name, storage=storage.optuna)
    again = storage.study_id(storage.open_study(spec))
    assert again == number  # SQLite gives the number again
    assert launches(storage.engine, again) == []
