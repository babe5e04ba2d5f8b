"""The contract, for every executor that there is, and one that is planted."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dynstudy.errors import ClusterError, SpecError
from dynstudy.launch.executors import EXECUTORS, SCHEDULER, maker, on_this_machine, processes
from dynstudy.launch.executors.dask import Dask
from dynstudy.launch.executors.executor import Advanced, Executor, Failed, Trained
from dynstudy.launch.executors.here import Here
from dynstudy.launch.replicates import train_replicates
from dynstudy.protocol import Protocol
from dynstudy.store.provenance import Trainer
from dynstudy.task.initial import Initial
from tests.drawn_network import draw
from tests.launch.executors.chunks import (
    FOREVER,
    assert_same,
    events_until,
    free_slot,
    make_chunk,
)
from tests.task.data.tables_made import table, written

PLANTED = {"planted": "tests.launch.executors.planted:at_once"}
HOMES = EXECUTORS | PLANTED


@pytest.fixture(scope="module", params=HOMES)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with maker(HOMES[request.param])("cpu", 2) as made:
        yield made


def test_slots_differ_and_train_something_at_once(executor: Executor) -> None:
    free_slot(executor)
    slots = executor.slots()
    assert len({slot.name for slot in slots}) == len(slots)
    assert min(slot.at_once for slot in slots) >= 1


def test_what_is_trained_is_what_the_engine_trains_bit_by_bit(executor: Executor) -> None:
    chunk, slot = make_chunk([5, 2, 9]), free_slot(executor)
    executor.submit(slot, chunk)
    _, event = events_until(executor, Trained)
    records, outcome = train_replicates(chunk.tasks, chunk.protocol, "cpu")
    assert event.chunk is chunk
    assert event.slot == slot
    assert_same(event.records, records)
    here = Trainer.here(outcome.backend, outcome.device)
    assert event.trainer.versions == here.versions
    assert (event.trainer.backend, event.trainer.processor) == ("cpu", here.processor)
    assert event.seconds > 0


def test_a_slot_is_free_again_and_the_next_chunk_is_told_apart(executor: Executor) -> None:
    slot = free_slot(executor)
    for seed in range(3):
        chunk = make_chunk([seed])
        executor.submit(slot, chunk)
        before, event = events_until(executor, Trained)
        assert event.chunk is chunk
        assert all(e.chunk is chunk for e in before if isinstance(e, Advanced))
        steps = [e.steps for e in before if isinstance(e, Advanced)]
        assert steps == sorted(steps)
        assert all(0 < step <= chunk.steps for step in steps)


def test_networks_start_from_a_file_of_this_machine(executor: Executor, tmp_path: Path) -> None:
    file = tmp_path / "start.npz"
    np.savez(file, **dict(zip(("W1", "b1", "W2", "b2"), draw(3, 6, 3), strict=True)))
    chunk = make_chunk([0], initial=Initial.read(file, 3, "float32"))
    expected, _ = train_replicates(chunk.tasks, chunk.protocol, "cpu")
    executor.submit(free_slot(executor), chunk)
    _, event = events_until(executor, Trained)
    assert_same(event.records, expected)
    drawn, _ = train_replicates(make_chunk([0]).tasks, make_chunk([0]).protocol, "cpu")
    assert event.records[0].measures != drawn[0].measures


def test_networks_are_trained_on_a_file_of_this_machine(executor: Executor, tmp_path: Path) -> None:
    data = Protocol.model_validate(
        {"data": written(tmp_path, table()[["u", "v", "kind"]])["csv"]},
        context={"folder": tmp_path},
    ).data
    chunk = make_chunk([0, 1], data=data)
    expected, _ = train_replicates(chunk.tasks, chunk.protocol, "cpu")
    executor.submit(free_slot(executor), chunk)
    _, event = events_until(executor, Trained)
    assert_same(event.records, expected)
    (tmp_path / "points.csv").unlink()
    executor.submit(free_slot(executor), chunk)
    _, failed = events_until(executor, Failed)
    assert "points.csv: is not there; put it back" in str(failed.error)


def test_an_error_is_told_and_leaves_the_slot_free(executor: Executor, tmp_path: Path) -> None:
    file = tmp_path / "start.npz"
    np.savez(file, **dict(zip(("W1", "b1", "W2", "b2"), draw(3, 6, 3), strict=True)))
    chunk = make_chunk([0], initial=Initial.read(file, 3, "float32"))
    file.unlink()
    slot = free_slot(executor)
    executor.submit(slot, chunk)
    _, event = events_until(executor, Failed)
    assert (event.chunk, event.slot) == (chunk, slot)
    assert isinstance(event.error, SpecError)
    assert "is not there" in str(event.error)
    executor.submit(slot, make_chunk([1]))
    events_until(executor, Trained)


@pytest.mark.parametrize("home", HOMES.values(), ids=list(HOMES))
def test_what_is_being_trained_can_be_dropped(home: str) -> None:
    executor = maker(home)("cpu", 1)
    executor.submit(free_slot(executor), make_chunk(steps=FOREVER))
    assert executor.stop(drop=True)
    assert executor.stop(drop=True)  # as often as it likes
    while (event := executor.next_event(0.01)) is not None:
        assert isinstance(event, Advanced)


@pytest.mark.parametrize("home", HOMES.values(), ids=list(HOMES))
def test_one_that_was_not_used_is_stopped(home: str) -> None:
    with maker(home)("cpu", 1) as executor:
        assert executor.stop(drop=False)


def test_dask_that_is_not_installed_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'distributed'", name="distributed.core")

    monkeypatch.setattr("importlib.import_module", missing)
    for home in (EXECUTORS["dask"], SCHEDULER):
        with pytest.raises(ClusterError, match=r"need Dask: pip install 'dynstudy\[cluster\]'"):
            maker(home)


@pytest.mark.parametrize("home", [EXECUTORS["dask"], SCHEDULER])
def test_a_configuration_that_dask_cannot_read_is_told_in_a_line(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        if name == "distributed":  # which reads it as it is imported
            raise ValueError("A dask config file at '/etc/dask' is malformed:\n line 1")

    monkeypatch.setattr("importlib.import_module", broken)
    with pytest.raises(ClusterError, match=r"^Dask .* is malformed: line 1; .*configuration.*\Z"):
        maker(home)


def test_what_else_is_missing_is_no_question_of_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        maker(EXECUTORS["here"])


def test_dask_is_not_loaded_for_one_process() -> None:
    assert "dask" not in EXECUTORS["here"]


def test_without_a_number_this_process_trains_or_one_for_each_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(on_this_machine("cpu"), Here)
    with on_this_machine("cpu", 3) as asked:
        assert isinstance(asked, Dask)
    monkeypatch.setattr("dynstudy.train.backends.per_device", lambda _: ["gpu:0", "gpu:1"])
    with on_this_machine("gpu", patience=70.0) as of_cards:
        assert isinstance(of_cards, Dask)
        assert of_cards.patience == 70.0


def test_without_dask_one_of_several_cards_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynstudy.train.backends.per_device", lambda _: ["cpu", "autograd"])
    assert processes("cpu") == 2
    monkeypatch.setattr("dynstudy.launch.executors.find_spec", lambda _: None)
    assert processes("cpu") == 1
    assert isinstance(on_this_machine("cpu"), Here)
