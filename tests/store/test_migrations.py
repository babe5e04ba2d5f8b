"""Databases that earlier dynstudies made (tests/data), read and written to by this one."""

import io
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy
from sqlalchemy import select, text, update

import dynstudy
from dynstudy.analysis.atlas import read_atlas
from dynstudy.analysis.regime_map import regime_map
from dynstudy.errors import StudyBusyError
from dynstudy.export.exporting import export
from dynstudy.export.replicate_table import replicates
from dynstudy.measure.measures import MEASURES, added, reads
from dynstudy.measure.window import forgetting_window
from dynstudy.report.listing import list_rows
from dynstudy.report.rows import to_csv
from dynstudy.store.deletion import delete_study, plan_deletion
from dynstudy.store.ledger import Ledger
from dynstudy.store.migrations import read_any
from dynstudy.store.origins import origins
from dynstudy.store.provenance import provenance
from dynstudy.store.studies import Storage
from dynstudy.store.tables import SCHEMA_VERSION, ReplicateRow, RunRow
from dynstudy.upkeep.check import outdated
from tests.conftest import DATA, ROOT
from tests.forked import in_children
from tests.planted import SpecMaker, plant
from tests.planted_atlas import plant_atlas, small_atlas

STUDIES = ("small", "fast")
EARLIER = [1, 2, 3]
NETWORKS = ReplicateRow.__tablename__


@pytest.fixture(params=EARLIER)
def schema(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def copy(schema: int, tmp_path: Path) -> Path:
    """A database of an earlier schema, as the code of its time left it."""
    return Path(shutil.copy(DATA / f"schema{schema}.db", tmp_path / "older.db"))


@pytest.fixture
def _steps_of_then(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A measure that came later may need steps that nobody read, for which networks are trained."""
    for measure in added():
        monkeypatch.setitem(MEASURES, measure.name, replace(measure, steps=lambda *_: []))
    reads.cache_clear()
    yield
    reads.cache_clear()


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def same(storage: Storage, study: str, schema: int) -> None:
    """A map says what the code of the database's time said, and what came later beside it."""
    expected = (DATA / f"schema{schema}-{study}.csv").read_text(encoding="utf-8")
    columns = pd.read_csv(io.StringIO(expected)).columns
    assert to_csv(regime_map(storage, study).frame[columns]) == expected


def everything(storage: Storage) -> dict[int, Any]:
    """All readings, whatever the schema."""
    with storage.engine.connect() as connection:
        return {
            number: {name: (each.steps, each.values.tolist()) for name, each in named.items()}
            for number, named in read_any(connection, sqlalchemy.true()).items()
        }


def stored_version(path: Path) -> str:
    with sqlalchemy.create_engine(url_of(path)).connect() as connection:
        return str(connection.scalar(text("SELECT value FROM dynstudy_meta")))


def tables(path: Path) -> set[str]:
    return set(sqlalchemy.inspect(sqlalchemy.create_engine(url_of(path))).get_table_names())


def test_it_is_read_as_it_is(copy: Path, schema: int) -> None:
    before = copy.read_bytes()
    copy.chmod(0o400)
    copy.parent.chmod(0o500)
    older = Storage(url_of(copy))
    for study in STUDIES:
        same(older, study, schema)
    frame = replicates(older, "small")
    dynamical = frame.period.notna()
    assert frame.lasting[dynamical].notna().all() == (schema > 1)
    notes = " ".join(regime_map(older, "small").notes)
    assert ("no lasting forgetting" in notes) == (schema == 1)
    with older.engine.connect() as connection:
        keys = list(connection.scalars(select(ReplicateRow.configuration).distinct()))
        launch = provenance_of(connection)
    assert {origin.processor for origin in origins(older.engine, keys)} == {launch["processor"]}
    older.engine.dispose()
    assert copy.read_bytes() == before
    copy.parent.chmod(0o700)


def provenance_of(connection: sqlalchemy.Connection) -> dict[str, Any]:
    return dict(json.loads(connection.scalar(select(RunRow.provenance).limit(1)) or "{}"))


@pytest.mark.usefixtures("_steps_of_then")
def test_written_to_it_is_upgraded_and_nothing_is_lost_or_trained_again(
    copy: Path, schema: int
) -> None:
    readings = everything(Storage(url_of(copy)))
    newer = Storage(url_of(copy), create=True)
    assert stored_version(copy) == str(SCHEMA_VERSION)
    assert "dynstudy_reading" not in tables(copy)
    assert everything(newer) == readings
    for study in STUDIES:
        same(newer, study, schema)
        done = dynstudy.run(newer.spec(newer.study(study)), storage=newer)
        assert (done.trained, done.interrupted) == (0, False)
        same(newer, study, schema)
    with newer.engine.connect() as connection:
        processors = set(connection.scalars(select(ReplicateRow.processor)))
        assert processors == {provenance_of(connection)["processor"]}
        assert set(connection.scalars(select(ReplicateRow.host))) == {None}
    newer.engine.dispose()
    again = Storage(url_of(copy), create=True)
    assert everything(again) == readings


def test_an_export_and_a_purge_upgrade_what_they_opened_to_read(copy: Path, schema: int) -> None:
    older = Storage(url_of(copy))
    delete_study(older, plan_deletion(older, "fast", purge=True))
    assert stored_version(copy) == str(SCHEMA_VERSION)
    same(older, "small", schema)
    assert len(everything(older)) == 24  # networks of the study that is left

    shutil.copy(DATA / f"schema{schema}.db", copy.parent / "other.db")
    other = Storage(url_of(copy.parent / "other.db"))
    made = export(other, "small", confirm=2)
    assert made.configuration[0].confirmed is not None
    assert stored_version(copy.parent / "other.db") == str(SCHEMA_VERSION)
    same(other, "small", schema)


def test_a_deletion_alone_upgrades_nothing(copy: Path, schema: int) -> None:
    older = Storage(url_of(copy))
    delete_study(older, plan_deletion(older, "fast"))
    assert older.names() == ["small"]
    assert stored_version(copy) == str(schema)
    same(older, "small", schema)


def test_a_measure_that_is_missing_is_made_from_the_series(copy: Path) -> None:
    newer = Storage(url_of(copy), create=True)
    later = Path(shutil.copy(DATA / "schema2.db", copy.parent / "2.db"))
    other = Storage(url_of(later), create=True)
    for study in STUDIES:
        assert replicates(newer, study).equals(replicates(other, study))


def test_accuracy_at_the_last_peak_is_filled_in_of_the_networks_that_there_are(copy: Path) -> None:
    storage = Storage(url_of(copy), create=True)
    readings = everything(storage)
    filled = set[bool]()
    row = ReplicateRow
    columns = (
        row.id,
        row.period,
        row.steps,
        row.tail,
        row.diverged_at,
        row.val_accuracy_at_last_peak,
    )
    with storage.engine.connect() as connection:
        networks = connection.execute(select(*columns)).all()
    for number, period, steps, tail, diverged_at, accuracy in networks:
        defined = period is not None and diverged_at is None
        assert (accuracy is not None) == defined
        if defined:
            read, correct = readings[number]["validation"]
            last_turn = steps - tail - period
            right = correct[read.index(last_turn + period // 2)]
            assert accuracy == pytest.approx(sum(right) / 90)
        filled.add(defined)
    assert filled == {True, False}


def test_of_two_processes_one_upgrades(copy: Path) -> None:
    readings = everything(Storage(url_of(copy)))

    def names() -> list[str]:
        return Storage(url_of(copy), create=True).names()

    first, second = in_children(names, names)
    assert first == second
    assert everything(Storage(url_of(copy))) == readings
    assert stored_version(copy) == str(SCHEMA_VERSION)


def test_killed_half_way_it_is_what_it_was_and_is_upgraded_next_time(
    copy: Path, schema: int
) -> None:
    code = (
        "import os, signal, sys\n"
        "from dynstudy.store import migrations\n"
        "from dynstudy.store.studies import Storage\n"
        "migrations._fill_measures = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Storage(sys.argv[1], create=True)\n"
    )
    before = tables(copy)
    readings = everything(Storage(url_of(copy)))
    killed = subprocess.run([sys.executable, "-c", code, url_of(copy)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (stored_version(copy), tables(copy)) == (str(schema), before)
    same(Storage(url_of(copy)), "small", schema)
    assert everything(Storage(url_of(copy), create=True)) == readings


def run_by_another(path: Path) -> None:
    """Let its launches be of a process that is there: this one."""
    facts = provenance()
    alive = {name: facts[name] for name in ("host", "pid", "process_started")}
    with sqlalchemy.create_engine(url_of(path)).begin() as connection:
        connection.execute(update(RunRow).values(status="running", **alive))


@pytest.mark.parametrize("schema", [1, 2])
def test_it_is_not_changed_under_the_older_dynstudy_that_would_not_find_its_tables_again(
    copy: Path, schema: int
) -> None:
    run_by_another(copy)
    with pytest.raises(StudyBusyError, match="an older dynstudy made this database and is running"):
        Storage(url_of(copy), create=True)
    assert stored_version(copy) == str(schema)
    same(Storage(url_of(copy)), "small", schema)


@pytest.mark.parametrize("schema", [3])
def test_an_older_dynstudy_that_finds_its_tables_goes_on_recording(copy: Path) -> None:
    run_by_another(copy)
    engine = sqlalchemy.create_engine(url_of(copy))
    columns = {each["name"] for each in sqlalchemy.inspect(engine).get_columns(NETWORKS)} - {"id"}
    Storage(url_of(copy), create=True).engine.dispose()
    names = ", ".join(f'"{name}"' for name in sorted(columns))
    values = names.replace('"key"', "'its key'")
    with engine.begin() as connection:  # as the older one does, which names its columns
        connection.exec_driver_sql(
            f"INSERT INTO {NETWORKS} ({names}) SELECT {values} FROM {NETWORKS} WHERE id = 1"
        )
    with engine.connect() as connection:
        added = select(ReplicateRow.host, ReplicateRow.width).where(ReplicateRow.key == "its key")
        assert connection.execute(added).one() == (None, 5)
    engine.dispose()


def test_lasting_is_what_the_readings_say_of_each_network(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    dynstudy.run(spec, storage=storage)
    ledger = Ledger(storage.engine, spec.protocol)
    for cell in spec.grid_cells():
        configuration, classes = cell.configuration, spec.protocol.data.classes
        rows = ledger.load([configuration])
        if configuration.period is None:
            assert rows.lasting.isna().all()
            continue
        span = forgetting_window(spec.protocol, configuration.period)
        read = ledger.readings(configuration, list(cell.seeds))
        for seed in cell.seeds:
            at = dict(zip(read.steps, read.validation_accuracy[seed], strict=True))
            lost = []
            for c in range(classes):
                turns = [n for n in range(span.count) if (span.first + n) % classes == c][-3:]
                lost.append(np.mean([at[span.ends[n]][c] for n in turns]) - at[200][c])
            assert rows.lasting[seed] == pytest.approx(np.mean(lost), abs=1e-12)


def test_a_database_from_before_atlases_is_read_and_gets_their_tables_when_written_to(
    storage: Storage, url: str, make_spec: SpecMaker
) -> None:
    plant(storage, make_spec())
    before = to_csv(regime_map(storage, "small").frame)
    with storage.engine.begin() as connection:
        for table in ("dynstudy_pixel", "dynstudy_plane"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("UPDATE dynstudy_meta SET value = '5'"))
    older = Storage(url)
    assert to_csv(regime_map(older, "small").frame) == before
    assert [row["networks_trained"] for row in list_rows(older)] == [16]
    assert "its schema is 5" in outdated(older)
    older.engine.dispose()
    newer = Storage(url, create=True)
    assert not outdated(newer)
    plant_atlas(newer, small_atlas())
    assert read_atlas(newer, "atlas").recorded.all()
    newer.engine.dispose()


def test_a_measure_that_is_newer_than_an_atlas_is_absent_and_nothing_is_trained_again(
    storage: Storage, url: str
) -> None:
    plant_atlas(storage, small_atlas())
    before = read_atlas(storage, "atlas").of("val_accuracy")
    with storage.engine.begin() as connection:
        connection.execute(text("ALTER TABLE dynstudy_pixel DROP COLUMN lasting"))
    older = Storage(url)
    assert outdated(older) == "dynstudy_pixel has no column lasting yet"
    for opened in (older, Storage(url, create=True)):
        atlas = read_atlas(opened, "atlas")
        assert (atlas.of("val_accuracy") == before).all()
        assert np.isnan(atlas.of("lasting")).all()
        opened.engine.dispose()
    done = dynstudy.run(small_atlas(), storage=storage)
    assert (done.trained, outdated(storage)) == (0, "")
