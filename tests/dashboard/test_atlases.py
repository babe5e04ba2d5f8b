"""Atlases in the server's memory: read once, and again when they have changed."""

import optuna
import pytest

from dynstudy.analysis.regime_map import regime_map
from dynstudy.dashboard import atlases as module
from dynstudy.dashboard.atlases import KEPT, Atlases
from dynstudy.errors import DynstudyError
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker, plant
from tests.planted_atlas import plant_atlas, small_atlas


@pytest.fixture
def study(storage: Storage) -> optuna.Study:
    plant_atlas(storage, small_atlas(), pixels=6)
    return storage.study("atlas")


def test_it_is_read_once_and_again_when_there_is_more(
    storage: Storage, study: optuna.Study
) -> None:
    atlases = Atlases(storage)
    first = atlases.of(study)
    assert atlases.of(study) is first
    assert atlases.as_it_was(1, first.version) is first
    assert atlases.as_it_was(1, "another") is None
    assert first.atlas.recorded.sum() == 6
    plant_atlas(storage, small_atlas())
    second = atlases.of(study)
    assert second.version != first.version
    assert second.atlas.recorded.all()
    assert atlases.as_it_was(1, first.version) is None


def test_a_network_that_was_trained_again_is_read_again(
    storage: Storage, study: optuna.Study
) -> None:
    atlases = Atlases(storage)
    before = atlases.of(study)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dynstudy_pixel SET val_accuracy = 0.75")
        connection.exec_driver_sql("UPDATE dynstudy_run SET heartbeat_at = '2031-01-01 00:00:00'")
    after = atlases.of(study)
    assert before.atlas.of("val_accuracy")[0, 0] != 0.75
    assert after.atlas.of("val_accuracy")[0, 0] == 0.75


def test_few_are_kept_those_that_were_asked_for_last(storage: Storage) -> None:
    for number in range(1, KEPT + 2):
        storage.open_study(small_atlas(name=f"atlas {number}"))
    atlases = Atlases(storage)
    versions: dict[int, str] = {}
    for number, expected in ((1, {1}), (2, {1, 2}), (3, {2, 3}), (2, {2, 3}), (1, {1, 2})):
        versions[number] = atlases.of(storage.study(f"atlas {number}")).version
        assert {one for one in versions if atlases.as_it_was(one, versions[one])} == expected


def test_tiles_are_judged_once_on_what_is_in_memory(
    storage: Storage, study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_atlas(storage, small_atlas())
    kept = Atlases(storage).of(study)
    assert kept.study_map().frame.equals(regime_map(storage, "atlas").frame)
    monkeypatch.setattr(module, "regime_map", None)
    rows, trials = set(), set()
    for cell in kept.atlas.spec.tile_cells():
        row, trial = kept.cell(cell.configuration)
        judged = kept.study_map().frame.loc[row]
        assert judged.amplitude == cell.configuration.amplitude
        assert judged.period == cell.configuration.period
        rows.add(row)
        trials.add(trial)
    assert len(rows) == len(trials) == 4
    assert None not in trials


def test_a_study_of_another_kind_is_none(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    with pytest.raises(DynstudyError, match="no atlas"):
        Atlases(storage).of(storage.study("small"))
