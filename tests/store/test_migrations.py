"""A database that an older dynstudy made, read and written by this one."""

from collections.abc import Callable

import numpy as np
import pytest

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.export.replicate_table import replicates
from dynstudy.measure.readings import forgetting_window
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.store.tables import SCHEMA_VERSION
from dynstudy.study.kinds.map import MapSpec

SpecMaker = Callable[..., MapSpec]


def make_older(storage: Storage) -> None:
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE dynstudy_replicate DROP COLUMN lasting")
        connection.exec_driver_sql("UPDATE dynstudy_meta SET value = '1'")
    storage.engine.dispose()


def test_lasting_is_what_the_readings_say_of_each_network(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    dynstudy.run(spec, storage=storage)
    ledger = Ledger(storage.engine, spec.protocol)
    for cell in spec.grid_cells():
        own, classes = cell.configuration, spec.protocol.data.classes
        rows = ledger.load([own])
        if own.period is None:
            assert rows.lasting.isna().all()
            continue
        span = forgetting_window(spec.protocol, own.period)
        steps, accuracies = ledger.readings(own, list(cell.seeds))
        for seed in cell.seeds:
            at = dict(zip(steps, accuracies[seed], strict=True))
            lost = []
            for c in range(classes):
                turns = [n for n in range(span.count) if (span.first + n) % classes == c][-3:]
                lost.append(np.mean([at[span.ends[n]][c] for n in turns]) - at[200][c])
            assert rows.lasting[seed] == pytest.approx(np.mean(lost), abs=1e-12)


@pytest.mark.parametrize("tail", [50, "none"])
def test_an_older_database_is_read_as_it_is_and_filled_when_it_is_written_to(
    storage: Storage, url: str, make_spec: SpecMaker, tail: int | str
) -> None:
    spec = make_spec(protocol={**make_spec().protocol.model_dump(), "tail": tail})
    dynstudy.run(spec, storage=storage)
    before, found = replicates(storage, "small"), regime_map(storage, "small")
    assert before.lasting.notna().sum() == 8
    make_older(storage)

    older = Storage(url)
    assert replicates(older, "small").drop(columns="lasting").equals(before.drop(columns="lasting"))
    assert replicates(older, "small").lasting.isna().all()
    told = regime_map(older, "small")
    assert told.frame.lasting.isna().all()
    assert "no lasting forgetting; the next dynstudy run" in told.notes[-1]

    newer = Storage(url, create=True)
    assert replicates(newer, "small").equals(before)
    assert regime_map(newer, "small").frame.equals(found.frame)
    assert regime_map(newer, "small").notes == found.notes
    with newer.engine.connect() as connection:
        version = connection.exec_driver_sql("SELECT value FROM dynstudy_meta").scalar_one()
    assert version == str(SCHEMA_VERSION)


def test_an_upgrade_that_fails_changes_nothing(
    storage: Storage, url: str, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    make_older(storage)

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dynstudy.store.migrations.lasting", broken)
        with pytest.raises(KeyboardInterrupt):
            Storage(url, create=True)
    assert not Ledger(Storage(url).engine, make_spec().protocol).knows_lasting
    Storage(url, create=True)
    assert Ledger(Storage(url).engine, make_spec().protocol).knows_lasting
