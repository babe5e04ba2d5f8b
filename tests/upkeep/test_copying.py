"""Studies are copied between databases: what is there afterwards is what was there before."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from sqlalchemy import event, select, text

from dynstudy.analysis.regime_map import regime_map
from dynstudy.errors import StorageError, StudyBusyError, StudyMismatchError
from dynstudy.export.exporting import export
from dynstudy.launch.runner import run
from dynstudy.search.ask_and_tell import ask_batch
from dynstudy.store import series
from dynstudy.store.deletion import delete_study, plan_deletion
from dynstudy.store.launches import claim
from dynstudy.store.rename_note_tag import change_tags, rename, set_note
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow, RunRow, WorkerRow
from dynstudy.study.spec import StudySpec
from dynstudy.upkeep import copying
from dynstudy.upkeep.check import check_database, mend_all
from dynstudy.upkeep.copying import Copied, copy_studies
from dynstudy.upkeep.opening import open_target
from tests.planted import SEARCH, SMALL, SearchMaker, SpecMaker
from tests.postgres import Databases

OTHER = SMALL | {
    "name": "other",
    "space": {"learning_rate": 1.0, "amplitude": [3, 90], "period": [10, 30], "width": 5},
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two maps that share networks, and a search that was interrupted."""
    path = tmp_path_factory.mktemp("to_copy") / "studies.db"
    storage = Storage(f"sqlite:///{path}", create=True)
    for study in (SMALL, OTHER, SEARCH):
        run(StudySpec.of(study), storage=storage)
    longer = StudySpec.of(SEARCH | {"name": "waiting"})
    ask_batch(storage.open_study(longer), longer)  # type: ignore[arg-type]
    export(storage, "small")
    set_note(storage, "small", "mine")
    change_tags(storage, "small", ["paper"])
    storage.engine.dispose()
    return path


@pytest.fixture
def source(trained: Path, tmp_path: Path) -> Iterator[Storage]:
    shutil.copy(trained, tmp_path / "source.db")
    opened = Storage(f"sqlite:///{tmp_path}/source.db", create=True)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def target(tmp_path: Path, empty_database: Path) -> Iterator[Storage]:
    shutil.copy(empty_database, tmp_path / "target.db")
    opened = Storage(f"sqlite:///{tmp_path}/target.db", create=True)
    yield opened
    opened.engine.dispose()


def studies(storage: Storage) -> dict[str, Any]:
    """All that Optuna says of each study."""
    facts = {}
    for name in storage.names():
        study = storage.study(name)
        trials = [
            (
                *(trial.number, trial.state.name, trial.values, trial.params),
                *(trial.distributions, trial.user_attrs, trial.system_attrs),
                *(trial.datetime_start, trial.datetime_complete),
            )
            for trial in study.get_trials()
        ]
        attributes = storage.system_attributes(study)
        facts[name] = [study.directions, study.user_attrs, attributes, trials]
    return facts


def networks(storage: Storage) -> dict[str, Any]:
    """All columns of each network but for numbers that a database gives, and its series."""
    with storage.engine.connect() as connection:
        launches = {
            row.id: (row.host, row.pid, row.started_at)
            for row in connection.execute(select(RunRow.__table__))
        }
        read = series.read(connection, text("1 = 1"))  # type: ignore[arg-type]
        return {
            row.key: (
                {
                    name: value
                    for name, value in row._mapping.items()
                    if name not in {"id", "run_id"}
                },
                launches.get(row.run_id),
                {
                    name: (s.steps, str(s.values.tolist()))
                    for name, s in read.get(row.id, {}).items()
                },
            )
            for row in connection.execute(select(ReplicateRow.__table__))
        }


def launches_of(storage: Storage) -> list[Any]:
    """All columns of each launch, its workers, and the name of its study."""
    with storage.engine.connect() as connection:
        names = dict(
            map(tuple, connection.execute(text("SELECT study_id, study_name FROM studies")))
        )
        workers: dict[int, list[Any]] = {}
        for number, *facts in connection.execute(select(WorkerRow.__table__)):
            workers.setdefault(number, []).append(facts)
        rows = connection.execute(select(RunRow.__table__).order_by(RunRow.started_at))
        return [
            ({**row._mapping, "id": 0, "study_id": names.get(row.study_id)}, workers.get(row.id))
            for row in rows
        ]


def everything(storage: Storage) -> list[Any]:
    return [studies(storage), networks(storage), launches_of(storage)]


def copied(source: Storage, target: Storage, *names: str) -> tuple[Copied, list[str]]:
    said: list[str] = []
    return copy_studies(source, target, names, say=said.append), said


def test_all_there_is_is_there_afterwards(source: Storage, target: Storage) -> None:
    before = everything(source)
    facts, said = copied(source, target)
    assert everything(target) == before == everything(source)
    assert (facts.studies, facts.networks, facts.there) == (4, len(before[1]), 0)
    digest = regime_map(source, "small").ledger
    assert f"study 'small': ledger rows: SHA-256 {digest}, in both" in said
    assert "study 'waiting': 3 trials wait to be trained; go on with it in one of" in "".join(said)
    again, _ = copied(source, target)
    assert (again.networks, again.there, again.different) == (0, len(before[1]), 0)
    assert everything(target) == before
    assert check_database(target).broken == []


def test_it_goes_to_postgresql_and_back(
    source: Storage, target: Storage, databases: Databases
) -> None:
    before = everything(source)
    with databases.database() as url:
        middle = Storage(url, create=True)
        copied(source, middle)
        assert everything(middle) == before
        assert check_database(middle).broken == []
        copied(middle, target)
        assert everything(target) == before
        assert copied(source, middle)[0].networks == 0
        with pytest.raises(StorageError, match="is the same database under both names"):
            open_target(middle, url, f"{url}?application_name=another")
        other = f"{url}?options=-csearch_path%3Dpublic"
        with pytest.raises(StorageError, match="is the same database under both names"):
            open_target(middle, url, other)
        middle.engine.dispose()


def test_a_study_is_copied_with_its_networks_alone(source: Storage, target: Storage) -> None:
    copied(source, target, "other")
    assert target.names() == ["other"]
    assert studies(target)["other"] == studies(source)["other"]
    assert regime_map(target, "other").ledger == regime_map(source, "other").ledger
    there, here = networks(target), networks(source)
    assert {key: here[key] for key in there} == there
    assert 0 < len(there) < len(here)
    spec = StudySpec.of(OTHER)
    assert run(spec, storage=target).trained == 0
    assert run(StudySpec.of(SMALL), storage=target).trained == 4  # two cells are not shared
    assert check_database(target).broken == []


def test_a_copied_search_goes_on_as_it_would_have(source: Storage, target: Storage) -> None:
    copied(source, target, "waiting")
    spec = StudySpec.of(SEARCH | {"name": "waiting"})
    for storage in (source, target):
        run(spec, storage=storage)
    assert [trial[:5] for trial in studies(target)["waiting"][3]] == [
        trial[:5] for trial in studies(source)["waiting"][3]
    ]
    assert copied(source, target, "waiting")[0].networks == 0


def test_killed_at_any_time_it_comes_to_the_same_end(
    source: Storage, target: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    before, write = everything(source), copying._Copy._writing
    monkeypatch.setattr("dynstudy.upkeep._copied_networks.CELLS", 7)
    for last in itertools.count():
        left = itertools.count()

        def dying(self: Any, left: Any = left, last: int = last) -> Any:
            if next(left) == last:
                raise KilledError
            return write(self)

        with monkeypatch.context() as patch:
            patch.setattr(copying._Copy, "_writing", dying)
            try:
                copied(source, target)
            except KilledError:
                here, there = studies(source), studies(target)
                assert all(there[name] == here[name] for name in there)  # whole, or not there
                assert check_database(target).broken == []
            else:
                break
    assert last > 10
    assert everything(target) == before


def test_studies_may_grow_and_are_completed(
    source: Storage, target: Storage, make_spec: SpecMaker
) -> None:
    copied(source, target)
    space = SMALL["space"] | {"amplitude": [3, 30, 60]}
    run(make_spec(space=space), storage=source, extend=True)
    run(
        StudySpec.of(SEARCH | {"search": SEARCH["search"] | {"trials": 11}}),
        storage=source,
        extend=True,
    )
    run(StudySpec.of(SEARCH | {"name": "waiting"}), storage=source)
    set_note(source, "small", "another")
    copied(source, target)
    there, here = studies(target), studies(source)
    assert there["small"][1].pop("dynstudy:note") == "mine"  # a person's own words stay
    assert here["small"][1].pop("dynstudy:note") == "another"
    assert there == here
    assert networks(target) == networks(source)
    assert launches_of(target) == launches_of(source)


def test_what_both_have_stays_and_is_joined(
    source: Storage, target: Storage, make_spec: SpecMaker
) -> None:
    """One network is another there, one was read at more steps here."""
    copied(source, target, "small")
    read = {"records": [10, 50]}
    run(make_spec(protocol=SMALL["protocol"] | {"curvature": read}), storage=source, extend=True)
    with target.engine.begin() as connection:
        connection.execute(text("UPDATE dynstudy_replicate SET diverged_at = 200 WHERE id = 1"))
        (key,) = connection.scalars(text("SELECT key FROM dynstudy_replicate WHERE id = 1"))
    before = networks(target)[key]
    facts, said = copied(source, target, "small")
    assert (facts.networks, facts.different) == (0, 1)
    assert facts.joined == 16 - 1
    there, here = networks(target), networks(source)
    assert there.pop(key) == before
    assert here.pop(key) != before
    for name, (columns, _, of_series) in there.items():
        assert of_series == here[name][2]
        assert columns["largest_curvature"] == here[name][0]["largest_curvature"]
    assert "here and" in said[-1]


def test_another_study_of_the_name_is_refused(
    source: Storage, target: Storage, make_spec: SpecMaker, make_search: SearchMaker
) -> None:
    target.open_study(make_spec(replicates=3))
    before = everything(target)
    with pytest.raises(
        StudyMismatchError, match=r"study 'small' in .* replicates is 3 there, and 2"
    ):
        copied(source, target, "other", "small")
    rename(target, "small", "search")
    with pytest.raises(StudyMismatchError, match="kind is map there, and search here"):
        copied(source, target)
    assert before[1:] == everything(target)[1:]
    optuna.create_study(study_name="other", storage=target.optuna)
    with pytest.raises(StudyMismatchError, match="dynstudy made one of the two alone"):
        copied(source, target, "other")


def test_a_search_that_went_another_way_is_refused(source: Storage, target: Storage) -> None:
    copied(source, target, "search")
    with target.engine.begin() as connection:
        of_trial = "trial_id = (SELECT trial_id FROM trials WHERE number = 2)"
        this = f"{of_trial} AND param_name = 'period'"
        connection.execute(text(f"UPDATE trial_params SET param_value = 7 WHERE {this}"))
    with pytest.raises(StudyMismatchError, match=r"went another way: trial 2: period is 7 there"):
        copied(source, target, "search")


def test_trials_are_of_the_networks_that_stay(source: Storage, target: Storage) -> None:
    """Those of another machine, of which the other one has nothing of the study."""
    copied(source, target, "small", "search")
    for study in ("small", "search"):
        delete_study(target, plan_deletion(target, study))
    with target.engine.begin() as connection:
        for number in (1, 9, 17):
            of_next = f"FROM dynstudy_series WHERE replicate_id = {number + 1} AND name = this.name"
            connection.execute(
                text(
                    f"UPDATE dynstudy_series AS this SET readings = (SELECT readings {of_next}), "
                    f"steps_id = (SELECT steps_id {of_next}) WHERE replicate_id = {number}"
                )
            )
    mend_all(target, lambda _: None)
    before = networks(target)
    for _ in range(2):
        facts, said = copied(source, target)
        assert facts.different == 3
        assert check_database(target).broken == []
        assert {key: networks(target)[key] for key in before} == before
    for study in ("small", "search"):
        assert f"study {study!r}: ledger rows: SHA-256 " in "".join(said)
    here, there = studies(source), studies(target)
    for study in ("small", "search"):
        params = [[trial[3] for trial in each[study][3]] for each in (here, there)]
        assert params[0] == params[1]
        values = [[trial[2] for trial in each[study][3]] for each in (here, there)]
        assert values[0] != values[1]


def test_maps_that_were_run_in_both_are_one(source: Storage, target: Storage) -> None:
    """Its cells may be in another order there."""
    space = SMALL["space"] | {"amplitude": [30]}
    run(StudySpec.of(SMALL | {"space": space}), storage=target)
    run(
        StudySpec.of(SMALL | {"space": SMALL["space"] | {"amplitude": [30, 3]}}),
        storage=target,
        extend=True,
    )
    facts, _ = copied(source, target, "small")
    assert check_database(target).broken == []
    assert len(studies(target)["small"][3]) == 5
    facts, _ = copied(target, source, "small")
    assert facts.networks == 0


def test_a_study_that_runs_here_is_copied_as_it_is(source: Storage, target: Storage) -> None:
    spec = StudySpec.of(SMALL)
    number = source.study_id(source.study("small"))
    with claim(source.engine, number, spec, "auto"):
        copied(source, target)
    statuses = [facts["status"] for facts, _ in launches_of(target)]
    assert statuses.count("interrupted") == 1
    assert run(spec, storage=target).trained == 0  # nobody runs it there
    copied(source, target)
    assert "interrupted" not in [facts["status"] for facts, _ in launches_of(target)]


def test_a_study_that_runs_there_is_not_changed(
    source: Storage, target: Storage, make_spec: SpecMaker
) -> None:
    copied(source, target)
    number = target.study_id(target.study("small"))
    with claim(target.engine, number, make_spec(), "auto"):
        copied(source, target)  # nothing to do
        run(
            make_spec(space=SMALL["space"] | {"amplitude": [3, 30, 60]}),
            storage=source,
            extend=True,
        )
        with pytest.raises(StudyBusyError, match=r"study 'small' in .* is being run"):
            copied(source, target)
        copied(source, target, "other")


def test_a_copy_that_is_not_the_same_is_noticed(
    source: Storage, target: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = copying.merge

    def failing(connection: Any, *rest: Any) -> None:
        write(connection, *rest)
        connection.execute(text("DELETE FROM dynstudy_replicate WHERE seed = 1"))

    monkeypatch.setattr(copying, "merge", failing)
    with pytest.raises(StorageError, match=r"the network of key [0-9a-f]{64} is missing there"):
        copied(source, target)


def test_a_full_disk_is_said_and_what_is_copied_is_gone_on_with(
    source: Storage, target: Storage
) -> None:
    full = [1]  # no more than there are

    def limit(connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {full[0]}")

    event.listen(target.engine, "connect", limit)
    target.engine.dispose()
    with pytest.raises(StorageError, match=r"target.db: database or disk is full"):
        copied(source, target)
    full[0] = 10**6
    target.engine.dispose()
    copied(source, target)
    assert everything(target) == everything(source)


def test_studies_of_optuna_alone_are_copied_with_all(source: Storage, target: Storage) -> None:
    study = optuna.create_study(study_name="plain", storage=source.optuna)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    copied(source, target)
    there = optuna.load_study(study_name="plain", storage=target.optuna)
    assert [trial.params for trial in there.trials] == [trial.params for trial in study.trials]
