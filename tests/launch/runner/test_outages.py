"""Launches over a database that goes away and comes back leave what undisturbed ones leave."""

import signal
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, make_url, select

import dynstudy
from dynstudy.errors import Interrupted, StorageError
from dynstudy.launch import runner, training
from dynstudy.store import launches
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow, ReservationRow, RunRow, SeriesRow, WorkerRow
from dynstudy.study.spec import StudySpec
from tests.planted import SEARCH, SMALL
from tests.postgres import Databases, Server, server
from tests.proxy import Proxy, proxy

STUDIES = {
    "map": SMALL | {"loss": ["ce", "dce"]},
    "rounds": SMALL | {"replicates": {"min": 6, "max": 9}},
    "search": SEARCH | {"search": {"sampler": "tpe", "trials": 5, "batch": 3}},
    "boundary": SMALL
    | {"kind": "boundary", "replicates": 6, "boundary": {"cells": 4, "batch": 2, "seed": 0}},
}

pytestmark = pytest.mark.usefixtures("small_chunks")


def left(storage: Storage, name: str) -> dict[str, Any]:
    """What a launch left in the database, but for times and the numbers of rows."""
    row = ReplicateRow
    columns = (row.key, row.diverged_at, row.val_accuracy, row.forgetting, SeriesRow.name)
    query = select(*columns, SeriesRow.readings).join(SeriesRow, SeriesRow.replicate_id == row.id)
    with storage.engine.connect() as connection:
        series = sorted(map(tuple, connection.execute(query)))
        tables = (ReservationRow, ReplicateRow)
        counts = [connection.scalar(select(func.count()).select_from(each)) for each in tables]
        of_launches = select(RunRow.status, RunRow.networks).order_by(RunRow.id)
        runs = list(map(tuple, connection.execute(of_launches)))
        of_workers = connection.scalar(select(func.sum(WorkerRow.networks)))
    trials = [
        (trial.number, trial.state.name, str(trial.params), trial.values, trial.user_attrs)
        for trial in storage.study(name).get_trials(deepcopy=False)
    ]
    return {
        "series": series,
        "reserved, networks": counts,
        "launches": runs,
        "of workers": of_workers,
        "trials": trials if name == "search" else sorted(trials, key=str),
    }


@pytest.fixture(scope="module")
def undisturbed(databases: Databases, empty_postgresql: str) -> Callable[[str], dict[str, Any]]:
    """What a study's launch leaves; run once for each."""
    by_kind: dict[str, dict[str, Any]] = {}

    def of(kind: str) -> dict[str, Any]:
        if kind not in by_kind:
            with databases.database(empty_postgresql) as url:
                storage = Storage(url, create=True)
                spec = StudySpec.of(STUDIES[kind])
                dynstudy.run(spec, storage=storage)
                by_kind[kind] = left(storage, spec.name)
                storage.engine.dispose()
        return by_kind[kind]

    return of


@pytest.fixture
def way(
    databases: Databases, empty_postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Proxy]:
    """To a new database; commits are counted once a study is claimed."""
    with databases.database(empty_postgresql) as url, proxy(url) as made:
        for kind, original in runner.RUNS.items():

            def counted(*arguments: Any, run: Any = original) -> tuple[int, int]:
                made.commits = 0
                return run(*arguments)  # type: ignore[no-any-return]

            monkeypatch.setitem(runner.RUNS, kind, counted)
        made.commits = -1_000_000
        yield made


LONG, REST = pytest.mark.long, sorted(STUDIES.keys() - {"map"})
LOST = pytest.mark.parametrize("answer_lost", [False, True], ids=["cut", "answer lost"])


@LOST
@pytest.mark.parametrize("kind", ["map", *(pytest.param(each, marks=LONG) for each in REST)])
def test_a_connection_that_is_cut_again_and_again_changes_nothing(
    kind: str, answer_lost: bool, way: Proxy, undisturbed: Callable[[str], dict[str, Any]]
) -> None:
    spec = StudySpec.of(STUDIES[kind])
    storage = Storage(way.url, create=True)
    way.answer_lost, way.cut_at = answer_lost, range(3, 10_000, 19)
    said: list[str] = []
    dynstudy.run(spec, storage=storage, log=said.append)
    assert any("trying again for 5 minutes" in line for line in said)
    way.cut_at = ()
    result = left(storage, spec.name)
    storage.engine.dispose()
    assert result == undisturbed(kind)


@pytest.mark.long
@LOST
@pytest.mark.parametrize("kind", STUDIES)
def test_a_connection_that_is_cut_at_any_commit_changes_nothing(
    kind: str,
    answer_lost: bool,
    databases: Databases,
    empty_postgresql: str,
    way: Proxy,
    undisturbed: Callable[[str], dict[str, Any]],
) -> None:
    """Each of a map's; of the other kinds each third, another one where the answer is lost."""
    spec = StudySpec.of(STUDIES[kind])
    way.answer_lost = answer_lost
    cut, step = (1, 1) if kind == "map" else (1 + answer_lost, 3)
    reached = True
    while reached:
        with databases.database(empty_postgresql) as url:
            way.lead_to(url)
            storage = Storage(way.url, create=True)
            way.cut_at = [cut]
            dynstudy.run(spec, storage=storage)
            reached = way.commits >= cut
            way.cut_at = ()
            result = left(storage, spec.name)
            storage.engine.dispose()
        assert result == undisturbed(kind), cut
        cut += step
    assert cut > 20


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """One that may be stopped."""
    with server() as started:
        yield started


@pytest.fixture
def at_a_chunk(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something once, right before the second chunk is recorded."""

    def arrange(happens: Callable[[], object]) -> None:
        original, chunks = training.Training._record, []

        def record(self: training.Training, *arguments: Any) -> None:
            chunks.append(1)
            if len(chunks) == 2:
                happens()
            original(self, *arguments)

        monkeypatch.setattr(training.Training, "_record", record)

    return arrange


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_starts_anew_in_time_changes_nothing(
    how: str,
    own_server: Server,
    at_a_chunk: Callable[[Callable[[], object]], None],
    undisturbed: Callable[[str], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launches, "BEAT_SECONDS", 0.001)  # there are signs of life all the time
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "trying again" in line:
            own_server.start()

    at_a_chunk(getattr(own_server, how))
    with own_server.database() as url:
        dynstudy.run(StudySpec.of(STUDIES["map"]), storage=url, log=say)
        storage = Storage(url)
        assert left(storage, "small") == undisturbed("map")
        with storage.engine.connect() as connection:  # of the heartbeat, after the outage
            begun, sign = connection.execute(select(RunRow.started_at, RunRow.heartbeat_at)).one()
        assert sign > begun
        storage.engine.dispose()
    tries, back = (line for line in said if line.startswith("storage postgresql+psycopg://"))
    assert tries.endswith("; trying again for 5 minutes")
    assert ": is back after " in back
    assert str(make_url(url).password) not in " ".join(said)


@pytest.mark.parametrize("stopped", [False, True])
def test_after_an_outage_that_is_too_long_the_same_command_goes_on(
    stopped: bool,
    own_server: Server,
    at_a_chunk: Callable[[Callable[[], object]], None],
    undisturbed: Callable[[str], dict[str, Any]],
) -> None:
    spec = StudySpec.of(STUDIES["map"])

    def say(line: str) -> None:
        if stopped and "trying again" in line:
            signal.raise_signal(signal.SIGINT)

    at_a_chunk(own_server.stop)
    with own_server.database() as url:
        error, patience = (Interrupted, 300.0) if stopped else (StorageError, 0.0)
        try:
            with pytest.raises(error) as caught:
                dynstudy.run(spec, storage=url, log=say, patience=patience)
        finally:
            own_server.start()
        assert "\n" not in str(caught.value)
        assert str(make_url(url).password) not in "".join(traceback.format_exception(caught.value))
        again = dynstudy.run(spec, storage=url, take_over=True)
        assert again.reused > 0
        storage = Storage(url)
        result, expected = left(storage, "small"), undisturbed("map")
        storage.engine.dispose()
    for name in ("series", "reserved, networks", "trials"):
        assert result[name] == expected[name]
    assert [status for status, _ in result["launches"]] == ["lost", "complete"]
