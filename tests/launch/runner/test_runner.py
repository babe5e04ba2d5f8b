from typing import Any

import pytest

import dynstudy
from dynstudy.store.studies import Storage
from tests.databases import both_at_length  # noqa: F401
from tests.forked import in_child
from tests.launch.executors.planted import AtOnce
from tests.launch.recorded import networks, trials
from tests.planted import SpecMaker


def test_a_second_run_trains_nothing_and_makes_no_trial(
    storage: Storage, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    before = networks(storage), len(trials(storage))
    again = dynstudy.run(make_spec(), storage=storage)
    assert (again.trained, again.reused) == (0, 16)
    assert (networks(storage), len(trials(storage))) == before


def test_a_study_that_shares_cells_takes_them_from_the_ledger(
    storage: Storage, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    space = {"learning_rate": 1.0, "amplitude": [3, 9], "period": [10, 30], "width": 5}
    second = dynstudy.run(make_spec(name="second", space=space), storage=storage)
    assert (second.trained, second.reused) == (2 * 2, 8 + 2 * 2)
    assert len(trials(storage, "second")) == 5


def test_new_periods_train_the_baseline_again_for_their_readings_only(
    storage: Storage, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    space = {"learning_rate": 1.0, "amplitude": 3, "period": [10, 25], "width": 5}
    second = dynstudy.run(make_spec(name="second", space=space), storage=storage)
    assert second.trained == 8 + 2
    assert networks(storage) == 16 + 2  # the baseline's networks are still the same rows
    third = dynstudy.run(make_spec(name="third", space=space), storage=storage)
    assert third.trained == 0


def test_both_backends_give_the_same_map(
    storage: Storage, make_spec: SpecMaker, tmp_path: Any
) -> None:
    protocol = {
        "steps": 60,
        "tail": 10,
        "dtype": "float64",
        "data": {"points_per_class": 20, "validation_points_per_class": 30},
    }
    spec = make_spec(protocol=protocol)
    dynstudy.run(spec, storage=storage)
    other = Storage(f"sqlite:///{tmp_path}/other.db", create=True)
    dynstudy.run(spec, storage=other, backend="autograd")
    assert [trial.value for trial in trials(storage)] == pytest.approx(
        [trial.value for trial in trials(other)], abs=1e-12
    )


@pytest.mark.parametrize("storage", ["nonsense://", None])
def test_what_trains_is_ended_though_nothing_can_be_launched(
    storage: str | None, make_spec: SpecMaker
) -> None:
    ended = []

    class Seen(AtOnce):
        def stop(self, *, drop: bool) -> bool:
            ended.append(drop)
            return super().stop(drop=drop)

    spec: Any = make_spec() if storage else "study.toml"
    with pytest.raises(dynstudy.errors.StorageError if storage else TypeError):
        dynstudy.run(spec, storage=storage, executor=Seen("cpu"))
    assert ended == [True]


def test_a_wrong_backend_writes_nothing(url: str, make_spec: SpecMaker, tmp_path: Any) -> None:
    with pytest.raises(dynstudy.errors.BackendError):
        dynstudy.run(make_spec(), storage=url, backend="nope")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("opened", [True, False])
def test_a_forked_child_launches_after_its_parent_did(
    opened: bool, storage: Storage, url: str, make_spec: SpecMaker
) -> None:
    given = storage if opened else url

    def launch(name: str, width: int) -> int:
        space = {"learning_rate": 1.0, "amplitude": 3, "period": 10, "width": width}
        return dynstudy.run(make_spec(name=name, space=space), storage=given).trained

    assert launch("parent", 5) == 10
    assert in_child(lambda: launch("child", 6)) == 10
    assert launch("after", 6) == 0  # what the child recorded is there
    assert storage.names() == ["after", "child", "parent"]
