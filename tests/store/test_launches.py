"""Launches of a study: who runs it now, and how each ended."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import optuna
import pytest
from sqlalchemy import Connection, Update, event, select, text, update

from dynstudy.errors import StudyBusyError, StudyTakenError
from dynstudy.store import launches as module
from dynstudy.store.deletion import delete_study, plan_deletion
from dynstudy.store.launches import LOST_AFTER, claim, launches, running
from dynstudy.store.ledger import Ledger
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from dynstudy.store.tables import RunRow
from dynstudy.store.trials import FinishedCell, add_cells
from dynstudy.study.spec import StudySpec
from tests.databases import SQLITE_ALONE
from tests.planted import Planted, SpecMaker
from tests.postgres import Databases

TRAINER = Trainer("cpu", "two cores", "a processor", {})


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
        Ledger(storage.engine, spec.protocol).add([], TRAINER, run_id=run.id)
    failed, complete = launches(storage.engine, number)
    assert (failed.status, complete.status) == ("failed", "complete")
    assert (complete.networks, complete.device) == (0, "two cores")
    assert complete.ended_at is not None
    for fact in ("versions", "processor", "system"):
        assert fact in complete.provenance


@SQLITE_ALONE  # PostgreSQL gives no number twice
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


def elsewhere(storage: Storage, ago: timedelta) -> None:
    """Let all launches have been in another container of the same name, with a sign so long ago."""
    with storage.engine.begin() as connection:
        (text,) = connection.scalars(select(RunRow.provenance))
        facts = json.loads(text)
        facts["process"] |= {"namespace": "this boot, another namespace", "pid": 1}
        heartbeat = datetime.now(UTC).replace(tzinfo=None) - ago
        connection.execute(
            update(RunRow).values(provenance=json.dumps(facts), pid=1, heartbeat_at=heartbeat)
        )


def test_a_process_that_is_gone_keeps_no_claim_however_fresh_its_sign(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    with claim(storage.engine, number, spec, "auto"):
        assert running(storage.engine).keys() == {number}
        monkeypatch.setattr(module, "is_there", lambda _: False)
        assert running(storage.engine) == {}


def test_who_lost_a_claim_hinders_no_other_thread_of_its_process(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    taken, more = update(RunRow).values(status="lost"), update(RunRow).values(networks=7)
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(StudyTakenError))
        stack.enter_context(claim(storage.engine, number, spec, "auto"))
        thread = stack.enter_context(ThreadPoolExecutor(1))
        for statement in (taken, more):  # as another study's launch commits
            thread.submit(commit, storage, statement).result()
        commit(storage, update(RunRow).values(networks=8))
    assert launches(storage.engine, number)[0].networks == 7


def commit(storage: Storage, statement: Update) -> None:
    with storage.engine.begin() as connection:
        connection.execute(statement)


@pytest.fixture
def other(storage: Storage, url: str) -> Iterator[Storage]:
    """The same database, as another process opens it."""
    opened = Storage(url, create=True)
    yield opened
    opened.engine.dispose()


def test_a_fresh_sign_keeps_the_claim_of_a_process_that_cannot_be_looked_for(
    storage: Storage, other: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    more = make_spec(space={**spec.resolved()["space"], "width": [5, 8]})
    number = storage.study_id(storage.open_study(spec))
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(StudyTakenError))
        stack.enter_context(claim(storage.engine, number, spec, "auto"))
        elsewhere(other, LOST_AFTER - timedelta(seconds=60))
        (row,) = launches(other.engine, number)
        free = f"wait until {row.heartbeat_at + LOST_AFTER:%Y-%m-%d %H:%M:%S} UTC"
        with (
            pytest.raises(StudyBusyError, match=f"process 1 on .*{free}, or take it over with --"),
            claim(other.engine, number, spec, "auto"),
        ):
            pass
        planned = plan_deletion(other, spec.name)
        with pytest.raises(StudyBusyError, match=f"is being run: .*{free}$"):
            delete_study(other, planned)
        with pytest.raises(StudyBusyError, match=f"{free}, and extend it afterwards"):
            other.open_study(more, extend=True)
        assert running(other.engine).keys() == {number}
        elsewhere(other, LOST_AFTER + timedelta(seconds=1))
        assert not running(other.engine)
        with claim(other.engine, number, spec, "auto"):
            pass
    assert [row.status for row in launches(other.engine, number)] == ["lost", "complete"]


def test_a_launch_that_is_there_and_gave_no_sign_for_long_is_taken_over(
    storage: Storage, other: Storage, make_spec: SpecMaker
) -> None:
    """Stopped, or it hangs: which one is, nobody else can tell."""
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(StudyTakenError))
        stack.enter_context(claim(storage.engine, number, spec, "auto"))
        long_ago = datetime.now(UTC).replace(tzinfo=None) - LOST_AFTER
        with other.engine.begin() as connection:
            connection.execute(update(RunRow).values(heartbeat_at=long_ago))
        with claim(other.engine, number, spec, "auto"):
            pass
    assert [row.status for row in launches(other.engine, number)] == ["lost", "complete"]


Write = Callable[[Planted], object]
WRITES: dict[str, Write] = {
    "networks": lambda planted: planted.put(planted.cell(), [0.5, 0.6]),
    "a trial": lambda planted: add_cells(
        planted.study, [FinishedCell(planted.cell().configuration, 0.5, {"replicates": 2})]
    ),
    "an attribute": lambda planted: planted.study.set_user_attr("a", 1),
    "an asked trial": lambda planted: planted.study.ask(),
}


def taken_over(by: Storage, spec: StudySpec) -> None:
    number = by.study_id(by.study(spec.name))
    with claim(by.engine, number, spec, "auto", take_over=True):
        pass


def deleted(by: Storage, spec: StudySpec) -> None:
    """By one that takes the launch for dead."""
    elsewhere(by, LOST_AFTER)
    delete_study(by, plan_deletion(by, spec.name))


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("lose", [taken_over, deleted])
def test_who_lost_a_study_writes_nothing_more(
    lose: Callable[..., None], write: Write, storage: Storage, other: Storage, make_spec: SpecMaker
) -> None:
    planted = Planted(storage, make_spec())

    def left() -> tuple[int, ...]:
        tables = ("dynstudy_replicate", "dynstudy_series", "trials", "study_user_attributes")
        with other.engine.connect() as connection:
            counts = (connection.exec_driver_sql(f"SELECT COUNT(*) FROM {t}") for t in tables)
            return tuple(count.scalar_one() for count in counts)

    with ExitStack() as stack:
        stack.enter_context(pytest.raises(StudyTakenError, match="took this study over, or it was"))
        number = storage.study_id(planted.study)
        stack.enter_context(claim(storage.engine, number, planted.spec, "auto"))
        lose(other, planted.spec)
        before = left()
        write(planted)
    assert left() == before


@pytest.fixture
def postgres(databases: Databases) -> Iterator[str]:
    with databases.database() as url:
        Storage(url, create=True).engine.dispose()
        yield url


def test_who_takes_a_study_over_waits_for_what_is_being_committed(
    postgres: str, make_spec: SpecMaker
) -> None:
    """Between the look at the claim and the commit nobody gets in: what is there then is all."""
    storage, other, spec = Storage(postgres), Storage(postgres), make_spec()
    study = storage.open_study(spec)
    number, taken = storage.study_id(study), Event()
    waits = text(
        "SELECT COUNT(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    def take_over() -> dict[str, Any]:
        with claim(other.engine, number, spec, "cpu", take_over=True):
            with other.engine.connect() as connection:
                query = "SELECT key, value_json FROM study_user_attributes"
                attributes = dict(map(tuple, connection.exec_driver_sql(query)))
            taken.set()
            return attributes

    def committing(_: Connection) -> None:
        """The other begins once this one has looked, and gets as far as it can."""
        taking.append(thread.submit(take_over))
        with other.engine.connect() as connection:
            while not taken.is_set() and not connection.scalar(waits):
                connection.rollback()  # within a transaction it would see the same again

    taking: list[Future[dict[str, Any]]] = []
    with ExitStack() as stack:
        thread = stack.enter_context(ThreadPoolExecutor(1))
        stack.enter_context(pytest.raises(StudyTakenError))
        stack.enter_context(claim(storage.engine, number, spec, "cpu"))
        event.listen(storage.engine, "commit", committing, once=True)
        study.set_user_attr("a", 1)
        (seen,) = (each.result(60) for each in taking)
        study.set_user_attr("a", 2)
    assert seen["a"] == "1"
    assert other.study(spec.name).user_attrs["a"] == 1
    storage.engine.dispose()
    other.engine.dispose()


def test_who_lost_a_study_does_not_say_that_it_is_complete(
    storage: Storage, other: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    with pytest.raises(StudyTakenError), claim(storage.engine, number, spec, "auto"):
        taken_over(other, spec)
    assert [row.status for row in launches(other.engine, number)] == ["lost", "complete"]


def test_afterwards_the_storage_may_be_used(
    storage: Storage, other: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    study = storage.open_study(spec)
    number = storage.study_id(study)
    with pytest.raises(StudyTakenError), claim(storage.engine, number, spec, "auto"):
        taken_over(other, spec)
    study.set_user_attr("a", 1)
    assert other.study("small").user_attrs["a"] == 1


def test_a_launch_gives_signs_while_it_does_something_else(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.001)
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))

    def sign() -> datetime:
        return launches(storage.engine, number)[0].heartbeat_at

    with claim(storage.engine, number, spec, "auto"):
        first = sign()
        for _ in range(100_000):
            if sign() > first:
                break
        assert sign() > first
