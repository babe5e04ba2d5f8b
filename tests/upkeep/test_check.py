"""What a database is held against: what dynstudy leaves is right, and each edit is named."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from dynstudy.errors import StorageError, StudyBusyError
from dynstudy.launch.runner import run
from dynstudy.search.ask_and_tell import ask_batch
from dynstudy.store.launches import claim
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from dynstudy.upkeep._finding import Finding
from dynstudy.upkeep.check import INVARIANTS, check_database, mend_all
from dynstudy.upkeep.copying import copy_studies
from tests.conftest import DATA
from tests.planted import SEARCH, SMALL, SearchMaker, SpecMaker
from tests.postgres import Databases

CURVED = {
    "name": "curved",
    "protocol": SMALL["protocol"] | {"curvature": {"records": [10, 50], "smallest": True}},
    "replicates": 1,
}
BOUNDARY = {
    "name": "edges",
    "kind": "boundary",
    "replicates": 6,
    "boundary": {"cells": 4, "batch": 3},
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map and a search, with all that they leave."""
    path = tmp_path_factory.mktemp("checked") / "studies.db"
    storage = Storage(f"sqlite:///{path}", create=True)
    for study in (SMALL, SEARCH):
        run(StudySpec.of(study), storage=storage)
    storage.engine.dispose()
    return path


@pytest.fixture
def studies(trained: Path, tmp_path: Path) -> Iterator[Storage]:
    shutil.copy(trained, tmp_path / "copy.db")
    opened = Storage(f"sqlite:///{tmp_path}/copy.db", create=True)
    yield opened
    opened.engine.dispose()


def lines(storage: Storage) -> list[str]:
    return [str(finding) for finding in check_database(storage).findings]


def edit(storage: Storage, *statements: str) -> None:
    with storage.engine.begin() as connection:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount != 0, statement


def test_what_launches_leave_is_right(studies: Storage) -> None:
    for study in (CURVED, BOUNDARY):
        run(StudySpec.of(SMALL | study), storage=studies)
    checked = check_database(studies)
    assert checked.findings == []
    assert checked.looked.startswith("looked at ")
    assert " 4 launches" in checked.looked


def test_every_invariant_says_what_holds() -> None:
    assert all(invariant.holds for invariant in INVARIANTS)
    assert len({invariant.name for invariant in INVARIANTS}) == len(INVARIANTS)


OF = "study_id = (SELECT study_id FROM studies WHERE study_name = '{}')"
SPEC = f"WHERE {OF.format('small')} AND key = 'dynstudy:spec'"
TRIAL = "trial_id = (SELECT trial_id FROM trials WHERE number = 1 AND {})".format(OF.format("{}"))
MAP, FOUND = TRIAL.format("small"), TRIAL.format("search")
REPLICATE = "UPDATE dynstudy_replicate SET {} WHERE id = 1"
SERIES = "UPDATE dynstudy_series SET {} WHERE replicate_id = 1 AND name = 'validation'"
AGAIN = (
    "INSERT INTO trials (trial_id, number, study_id, state) "
    f"SELECT 1000, {{}}, study_id, '{{}}' FROM trials WHERE {MAP}"
)
PARAMS = (
    "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) "
    f"SELECT 1000, param_name, param_value, distribution_json FROM trial_params WHERE {MAP}"
)

BROKEN: list[tuple[list[str], str, bool]] = [
    # what is edited, what is said of it, and whether it is mended
    (["DROP INDEX ix_dynstudy_run_study_id"], "the index ix_dynstudy_run_study_id is mis", True),
    (["DROP TABLE dynstudy_worker"], "table dynstudy_worker: is missing; --mend makes it", True),
    ([REPLICATE.format("amplitude = 31")], "id 1: key is .* its other columns give", False),
    ([REPLICATE.format("seed = 77")], "id 1: key is .* its other columns give", False),
    ([REPLICATE.format("learning_rate = 0.5")], "id 1: key is ", False),
    ([REPLICATE.format("configuration = key")], "id 1: configuration is ", False),
    ([REPLICATE.format("val_accuracy = 0.123")], "id 1: val_accuracy is 0.123, its s", True),
    ([REPLICATE.format("lasting = 0.5, forgetting = NULL")], "(forgetting|lasting) is ", True),
    (
        [REPLICATE.format("val_accuracy = 7")],
        "val_accuracy = 7.0 is damaged: must be from 0",
        False,
    ),
    ([REPLICATE.format("run_id = 99")], "id 1: run_id is 99, which dynstudy_run does not", True),
    ([REPLICATE.format("diverged_at = 3")], "id 1: it was read after its end", False),
    ([SERIES.format("readings = '[[1],[1],[1]]'")], "replicate_id 1: .*a number for each", False),
    ([SERIES.format("readings = '{'")], "replicate_id 1: .*must be JSON", False),
    ([SERIES.format("readings = replace(readings, '[[', '[[9')")], "numbers from 0 to 30", False),
    ([SERIES.format("steps_id = 99")], "steps_id is 99, which dynstudy_steps does not", False),
    ([SERIES.format("name = 'other'")], "id 1: it was not read to its end: validation", False),
    ([SERIES.format("replicate_id = 999")], "replicate_id is 999, which dynstudy_rep", False),
    (["DELETE FROM dynstudy_series WHERE replicate_id = 1"], "not read to its end: train", False),
    (["UPDATE dynstudy_steps SET steps = '[1]' WHERE id = 1"], "a number for each of 1", False),
    (["DELETE FROM dynstudy_replicate WHERE id = 1"], "1 of its 8 networks are not in", False),
    ([f"UPDATE trial_values SET value = 0.9 WHERE {MAP}"], "number 1: value is 0.9, its", True),
    ([f"UPDATE trial_values SET value = 0.9 WHERE {FOUND}"], "number 1: value is 0.9, its", True),
    (
        [f"UPDATE trial_user_attributes SET value_json = '0.9' WHERE {MAP} AND key = 'gain'"],
        "number 1: gain is 0.9, its networks give",
        True,
    ),
    ([f"DELETE FROM trial_values WHERE {MAP}"], "number 1: value is absent", False),
    (
        [f"UPDATE trial_params SET param_value = 30 WHERE {MAP} AND param_name = 'amplitude'"],
        "number 1: dynstudy:cell names other networks",
        False,
    ),
    ([f"DELETE FROM trial_params WHERE {MAP}"], "number 1: parameters are missing", False),
    ([f"UPDATE trial_params SET trial_id = 999 WHERE {MAP}"], "trial_id is 999, which t", False),
    ([f"UPDATE trials SET number = 9 WHERE {MAP}"], "number 1: no trial has this number", False),
    ([f"UPDATE trials SET number = 2 WHERE {FOUND}"], "number 2: 2 trials have this n", False),
    ([f"UPDATE trials SET state = 'RUNNING' WHERE {MAP}"], "number 1: it is RUNNING, and", False),
    ([AGAIN.format(5, "FAIL")], "number 5: it is FAIL, and all trials of a map", False),
    ([AGAIN.format(5, "COMPLETE"), PARAMS], "number 5: it has the cell of trial number 1", False),
    ([f"UPDATE trials SET study_id = 99 WHERE {MAP}"], "study_id is 99, which studies does", False),
    ([f"UPDATE study_user_attributes SET value_json = '{{' {SPEC}"], "must be JSON", False),
    (
        [f"UPDATE study_user_attributes SET key = 'x' {SPEC}"],
        "has launches and 5 trials, and",
        False,
    ),
    (
        [f"UPDATE study_directions SET direction = 'MINIMIZE' WHERE {OF.format('search')}"],
        "it is to minimize, and its file to maximize",
        False,
    ),
    (["UPDATE dynstudy_run SET study_id = 99 WHERE id = 1"], "id 1: study_id is 99, and", True),
    (
        ["INSERT INTO dynstudy_reservation (key, run_id) VALUES ('a', 1), ('b', 1)"],
        "run_id 1: 2 networks are reserved by a launch that is complete",
        True,
    ),
    (
        ["UPDATE dynstudy_worker SET networks = 999 WHERE run_id = 1"],
        "id 1: networks is 16, and its workers trained 999",
        False,
    ),
    (["UPDATE dynstudy_run SET networks = 3 WHERE id = 1"], "id 1: networks is 3, and 16", True),
]


@pytest.mark.parametrize(("statements", "said", "mended"), BROKEN)
def test_what_is_edited_is_named_with_its_row_and_mended_where_it_can_be(
    statements: list[str], said: str, mended: bool, studies: Storage
) -> None:
    edit(studies, *statements)
    checked = check_database(studies)
    said_lines = [str(finding) for finding in checked.broken]
    assert any(re.search(said, line) for line in said_lines), said_lines
    assert all(finding.way_out or finding.mending for finding in checked.broken)
    done: list[Finding] = []
    if any(finding.mending for finding in checked.broken):
        mend_all(studies, done.append)
        assert done
        assert all(finding.mending for finding in done)
        assert (lines(studies) == []) == mended
    else:
        assert not mended


ON_POSTGRESQL = [
    "UPDATE dynstudy_replicate SET val_accuracy = 0.123 WHERE seed = 1",
    "UPDATE trial_values SET value = 0.9",
    "UPDATE dynstudy_run SET study_id = 99 WHERE networks > 0",
    "UPDATE dynstudy_run SET networks = 0",
    "DROP INDEX ix_dynstudy_run_study_id",
]


def test_postgresql_is_looked_at_and_mended_likewise(
    studies: Storage, databases: Databases
) -> None:
    with databases.database() as url:
        there = Storage(url, create=True)
        copy_studies(studies, there, ["small", "search"])
        assert lines(there) == []
        edit(there, *ON_POSTGRESQL)
        said = "".join(lines(there))
        for part in ("val_accuracy is 0.123", "value is 0.9", "study_id is 99", "networks is 0"):
            assert part in said
        mend_all(there, lambda _: None)
        assert lines(there) == []
        there.engine.dispose()


def test_a_launch_whose_process_is_gone_is_lost(studies: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    number = studies.study_id(studies.study("small"))
    with claim(studies.engine, number, spec, "auto") as launch:
        assert lines(studies) == []
        with pytest.raises(StudyBusyError, match="1 of its studies is being run, which mending"):
            mend_all(studies, lambda _: None)
    gone = f"UPDATE dynstudy_run SET status = 'running', heartbeat_at = '2020-01-01 00:00:00.0', \
        host = 'elsewhere' WHERE id = {launch.id}"
    edit(studies, gone)
    (finding,) = check_database(studies).broken
    assert str(finding).startswith(f"table dynstudy_run, id {launch.id}: it says that it is runn")
    mend_all(studies, lambda _: None)
    assert lines(studies) == []


def test_trials_that_wait_are_worth_to_know_and_no_error(
    storage: Storage, make_search: SearchMaker
) -> None:
    spec = make_search()
    ask_batch(storage.open_study(spec), spec)
    checked = check_database(storage)
    assert checked.broken == []
    assert [finding.problem for finding in checked.findings] == [
        "3 trials wait to be trained, which dynstudy run goes on with"
    ]
    number = storage.study_id(storage.study("search"))
    with claim(storage.engine, number, spec, "auto"):
        assert lines(storage) == []


def test_a_trial_may_tell_of_networks_that_were_trained_again_since(studies: Storage) -> None:
    edit(
        studies,
        f"UPDATE trial_values SET value = 0.9 WHERE {MAP}",
        "UPDATE dynstudy_run SET started_at = '2100-01-01 00:00:00.000000' WHERE id = 1",
    )
    checked = check_database(studies)
    assert checked.broken == []
    assert "since they were trained again afterwards; maps read the ledger" in lines(studies)[0]


def test_a_study_beside_a_damaged_one_is_looked_at(studies: Storage) -> None:
    edit(studies, f"UPDATE study_user_attributes SET value_json = '{{' {SPEC}")
    edit(studies, f"UPDATE trial_values SET value = 0.9 WHERE {FOUND}")
    said = "".join(lines(studies))
    assert "study 'small'" in said
    assert "study 'search', number 1: value is 0.9" in said


def test_steps_without_series_go(studies: Storage) -> None:
    edit(studies, "INSERT INTO dynstudy_steps (id, steps) VALUES (99, '[1]')")
    checked = check_database(studies)
    assert (checked.broken, len(checked.findings)) == ([], 1)
    mend_all(studies, lambda _: None)
    assert lines(studies) == []


@pytest.mark.parametrize("schema", [1, 2])
def test_an_older_database_is_to_be_upgraded_and_is_right_then(schema: int, tmp_path: Path) -> None:
    shutil.copy(DATA / f"schema{schema}.db", tmp_path / "older.db")
    url = f"sqlite:///{tmp_path}/older.db"
    older = Storage(url)
    with pytest.raises(StorageError, match=f"its schema is {schema}, .*dynstudy storage upgrade"):
        check_database(older)
    older.engine.dispose()
    assert lines(Storage(url, create=True)) == []


def test_a_file_whose_pages_are_broken_is_named(studies: Storage, tmp_path: Path) -> None:
    edit(studies, "PRAGMA wal_checkpoint(TRUNCATE)")
    studies.engine.dispose()
    path = tmp_path / "copy.db"
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    for page in range(pages // 2, pages):
        content[page * 4096 : page * 4096 + 64] = bytes(64)
    path.write_bytes(content)
    try:
        said = "".join(lines(Storage(f"sqlite:///{path}")))
    except StorageError as error:
        said = str(error)
    assert "table of the file: " in said or "malformed" in said
