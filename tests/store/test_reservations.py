"""A network that a launch is training is trained by no other; what it leaves behind is free."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from threading import Barrier

import pytest
from sqlalchemy import select, update

from dynstudy.config import Configuration, Replicate
from dynstudy.errors import DamagedError, StudyTakenError
from dynstudy.protocol import Protocol
from dynstudy.store import launches as module
from dynstudy.store.database import QUERY_SIZE, database_errors
from dynstudy.store.deletion import delete_study, plan_deletion
from dynstudy.store.launches import LOST_AFTER, Launch, claim
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReservationRow, RunRow
from tests.planted import small_map

PROTOCOL = Protocol(steps=200, tail=50)
TRAINER = Trainer("cpu", "test", "a processor", {"numpy": "2"})
CE = Configuration("ce", 5, 1.0)


def records(*seeds: int) -> list[Record]:
    measures = {"train_accuracy": 0.5, "val_accuracy": 0.4}
    return [Record(Replicate(CE, seed), None, measures, {}) for seed in seeds]


@pytest.fixture
def ledger(storage: Storage) -> Ledger:
    return Ledger(storage.engine, PROTOCOL)


@pytest.fixture
def keys(ledger: Ledger) -> list[str]:
    """Of the networks of seeds 0 to 3."""
    return [ledger.replicate_key(Replicate(CE, seed)) for seed in range(4)]


def launched(stack: ExitStack, storage: Storage, name: str, *, take_over: bool = False) -> Launch:
    spec = small_map(name=name)
    number = storage.study_id(storage.open_study(spec))
    return stack.enter_context(claim(storage.engine, number, spec, "cpu", take_over=take_over))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered


def reserved(storage: Storage) -> dict[str, int]:
    with storage.engine.connect() as connection:
        query = select(ReservationRow.key, ReservationRow.run_id)
        return dict(map(tuple, connection.execute(query)))


def test_a_network_has_the_key_that_it_has_once_it_is_recorded(
    ledger: Ledger, keys: list[str]
) -> None:
    ledger.add(records(0, 1, 2, 3), TRAINER)
    with ledger.engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT key FROM dynstudy_replicate ORDER BY seed")
        assert list(stored.scalars()) == keys


def test_what_one_launch_trains_another_waits_for(
    storage: Storage, ledger: Ledger, keys: list[str], stack: ExitStack
) -> None:
    one, two = launched(stack, storage, "one"), launched(stack, storage, "two")
    assert one.reserve(keys[:2]) == set(keys[:2])
    assert two.reserve(keys[1:3]) == {keys[2]}
    for _ in range(2):  # as often as one likes
        assert one.reserve(keys) == {*keys} - {keys[2]}
        assert two.reserve(keys) == {keys[2]}
    for _ in range(2):
        ledger.add(records(0, 1), TRAINER, run_id=one.id)
        assert reserved(storage) == {keys[2]: two.id, keys[3]: one.id}
    assert two.reserve(keys) == {*keys[:3]}
    assert two.reserve([]) == set()


def test_what_a_launch_that_ended_had_is_free(
    storage: Storage, keys: list[str], stack: ExitStack
) -> None:
    two = launched(stack, storage, "two")
    for error in (None, RuntimeError("broken"), KeyboardInterrupt()):
        with ExitStack() as until_now:
            if error is not None:
                until_now.enter_context(pytest.raises(type(error)))
            one = launched(until_now, storage, "one")
            one.reserve(keys)
            assert two.reserve(keys) == set()
            if error is not None:
                raise error
        assert reserved(storage) == {}


def test_of_a_launch_that_is_gone_another_takes_them(
    storage: Storage,
    ledger: Ledger,
    keys: list[str],
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two = launched(stack, storage, "one"), launched(stack, storage, "two")
    one.reserve(keys[:2])
    with monkeypatch.context() as patch:
        patch.setattr(module, "is_there", lambda _: False)
        assert two.reserve(keys[1:]) == {*keys[1:]}
    assert reserved(storage) == {keys[0]: one.id} | dict.fromkeys(keys[1:], two.id)
    ledger.add(records(0, 1), TRAINER, run_id=one.id)  # it was there after all
    assert reserved(storage) == dict.fromkeys(keys[1:], two.id)


def test_of_one_that_gives_no_sign_for_long_another_takes_them(
    storage: Storage, keys: list[str], stack: ExitStack
) -> None:
    one, two = launched(stack, storage, "one"), launched(stack, storage, "two")
    one.reserve(keys)
    long_ago = datetime.now(UTC).replace(tzinfo=None) - LOST_AFTER
    with storage.engine.begin() as connection:
        row = update(RunRow).where(RunRow.id == one.id)
        connection.execute(row.values(heartbeat_at=long_ago))
    assert two.reserve(keys[:2]) == {*keys[:2]}
    assert one.reserve(keys) == {*keys[2:]}  # to ask is a sign
    assert two.reserve(keys) == {*keys[:2]}


def test_a_launch_that_was_taken_over_has_nothing_and_gets_nothing(
    storage: Storage, url: str, keys: list[str]
) -> None:
    other = Storage(url, create=True)
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(pytest.raises(StudyTakenError))
        one = launched(first, storage, "one")
        one.reserve(keys)
        two = launched(second, other, "one", take_over=True)
        assert reserved(other) == {}
        with pytest.raises(StudyTakenError):
            one.reserve(keys)
        with pytest.raises(StudyTakenError):
            Ledger(storage.engine, PROTOCOL).add(records(0), TRAINER, run_id=one.id)
        assert two.reserve(keys) == {*keys}
        second.close()
        assert reserved(other) == {}
    other.engine.dispose()


def test_what_a_deleted_studys_launch_had_is_free(
    storage: Storage, url: str, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Storage(url, create=True)
    with ExitStack() as first:
        first.enter_context(pytest.raises(StudyTakenError))
        launched(first, storage, "one").reserve(keys)
        with monkeypatch.context() as patch:
            patch.setattr(module, "is_there", lambda _: False)
            delete_study(other, plan_deletion(other, "one"))
        assert reserved(other) == {}
    other.engine.dispose()


def test_what_is_released_is_free_for_others(
    storage: Storage, keys: list[str], stack: ExitStack
) -> None:
    one, two = launched(stack, storage, "one"), launched(stack, storage, "two")
    one.reserve(keys)
    one.release(keys[:2])
    two.release(keys[2:])  # which are not its own
    assert two.reserve(keys) == {*keys[:2]}


@pytest.mark.parametrize("database", ["sqlite"])  # the other one refuses it
def test_a_damaged_reservation_is_named_with_the_way_out(
    storage: Storage, keys: list[str], stack: ExitStack
) -> None:
    one, two = launched(stack, storage, "one"), launched(stack, storage, "two")
    one.reserve(keys[:1])
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dynstudy_reservation SET run_id = -1")
    with pytest.raises(DamagedError) as refused, database_errors("URL", storage.engine):
        two.reserve(keys)
    said = str(refused.value)
    assert f"table dynstudy_reservation, key {keys[0]}, run_id = -1: is damaged" in said
    assert said.endswith("delete this row, and dynstudy run trains the network again")


def test_more_networks_than_one_query_takes(storage: Storage, stack: ExitStack) -> None:
    one, two = launched(stack, storage, "one"), launched(stack, storage, "two")
    many = [f"{number:064x}" for number in range(2 * QUERY_SIZE + 1)]
    one.reserve(many[::2])
    assert two.reserve(reversed(many)) == {*many[1::2]}
    assert one.reserve(many) == {*many[::2]}


def test_asked_for_at_once_each_is_granted_to_one(url: str) -> None:
    launches, rounds = 3, 4
    many = [f"{number:064x}" for number in range(40)]
    together = Barrier(launches, timeout=60)
    Storage(url, create=True).engine.dispose()

    def granted(number: int) -> list[set[str]]:
        storage = Storage(url, create=True)
        with ExitStack() as stack:
            launch = launched(stack, storage, f"study-{number}")
            sets = []
            for turn in range(rounds):
                together.wait()
                sets.append(launch.reserve(many[::-1] if (turn + number) % 2 else many))
                together.wait()
        storage.engine.dispose()
        return sets

    with ThreadPoolExecutor(launches) as threads:
        by_launch = list(threads.map(granted, range(launches)))
    for sets in zip(*by_launch, strict=True):
        assert sorted(key for keys in sets for key in keys) == many
