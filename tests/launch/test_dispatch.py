"""Slots are kept busy, and whatever trains may die: each network lands once, or is convicted."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from dynstudy.config import Configuration, Replicate
from dynstudy.errors import ClusterError, DynstudyError
from dynstudy.launch import dispatch as module
from dynstudy.launch.dispatch import Dispatch
from dynstudy.launch.executors.executor import (
    Advanced,
    Chunk,
    Event,
    Executor,
    Failed,
    Lost,
    Said,
    Slot,
    Trained,
)
from dynstudy.launch.flights import TRIES, Convicted
from dynstudy.launch.progress import Progress
from dynstudy.launch.replicates import NetworkTask
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Record
from dynstudy.store.provenance import Trainer
from tests.command import LIMIT_SECONDS

PROTOCOL = Protocol(steps=100, tail=10)
TRAINER = Trainer.here("cpu", "planned")

Answer = Callable[[Slot, Chunk], Event | Exception | None]
"""What becomes of a chunk on a slot; None: nothing, it goes on for ever."""


def tasks(count: int) -> list[NetworkTask]:
    return [
        NetworkTask(Replicate(Configuration("ce", 5, 0.1), seed), (100,)) for seed in range(count)
    ]


def trained(slot: Slot, chunk: Chunk, seconds: float = 1e-6) -> Trained:
    records = [Record(task.replicate, None, {}, {}) for task in chunk.tasks]
    return Trained(chunk, slot, records, TRAINER, seconds)


def seeds(chunk: Chunk) -> list[int]:
    return [task.replicate.seed for task in chunk.tasks]


class Scripted(Executor):
    """Answers at once, as it is told; who loses a chunk is replaced by another."""

    def __init__(self, answer: Answer, slots: int = 1, at_once: int = 1) -> None:
        super().__init__()
        self.answer = answer
        self.there = [Slot(f"slot {number}", at_once) for number in range(slots)]
        self.submitted: list[list[int]] = []

    def slots(self) -> Sequence[Slot]:
        return list(self.there)

    def submit(self, slot: Slot, chunk: Chunk) -> None:
        self.submitted.append(seeds(chunk))
        event = self.answer(slot, chunk)
        if isinstance(event, Lost):
            self.there.remove(slot)
            self.there.append(Slot(f"{slot.name}'", slot.at_once))
        if event is not None:
            self.events.put(event)

    def stop(self, *, drop: bool) -> bool:
        return True


def all_landed(
    executor: Executor, networks: Sequence[NetworkTask], progress: Progress | None = None
) -> tuple[Counter[int], list[Convicted], list[str]]:
    """How often each seed was trained, what was convicted, what was said."""
    landed, convicted, said = Counter[int](), list[Convicted](), list[str]()
    until = time.monotonic() + LIMIT_SECONDS
    with Dispatch(executor, PROTOCOL, progress or Progress(), {}) as dispatch:
        dispatch.feed(networks)
        dispatch.fed()
        while not dispatch.over:
            assert time.monotonic() < until
            match dispatch.next_landed(0.05):
                case Trained(chunk):
                    landed.update(seeds(chunk))
                case Convicted() as event:
                    convicted.append(event)
                case Said(line):
                    said.append(line)
    return landed, convicted, said


def test_every_network_is_trained_once_on_whatever_is_free() -> None:
    executor, progress = Scripted(trained, slots=3, at_once=2), Progress()
    landed, convicted, _ = all_landed(executor, tasks(50), progress)
    assert landed == Counter(range(50))
    assert not convicted
    assert progress.steps_done == 50 * 100
    assert set(progress.speeds) == {"slot 0", "slot 1", "slot 2"}


def test_a_slot_that_is_quick_gets_larger_chunks() -> None:
    def speed(slot: Slot, chunk: Chunk) -> Event:
        return trained(slot, chunk, 1e-6 if slot.name == "slot 0" else 100.0)

    sizes: dict[str, int] = {}

    def answer(slot: Slot, chunk: Chunk) -> Event:
        sizes[slot.name] = max(sizes.get(slot.name, 0), len(chunk.tasks))
        return speed(slot, chunk)

    all_landed(Scripted(answer, slots=2), tasks(200))
    assert sizes["slot 1"] == 1
    assert sizes["slot 0"] >= 16


def test_a_chunk_whose_process_died_is_trained_again() -> None:
    deaths = iter([True, True])

    def answer(slot: Slot, chunk: Chunk) -> Event:
        return Lost(chunk, slot, "ended") if next(deaths, False) else trained(slot, chunk)

    progress = Progress()
    landed, convicted, said = all_landed(Scripted(answer, at_once=8), tasks(8), progress)
    assert landed == Counter(range(8))
    assert not convicted
    assert said == [
        "slot 0 ended; its networks are trained again",
        "slot 0' ended; its networks are trained again",
    ]
    assert progress.steps_done == 8 * 100


@pytest.mark.parametrize("killer", [0, 5, 15])
def test_the_network_that_kills_is_found_and_all_others_are_trained(killer: int) -> None:
    def answer(slot: Slot, chunk: Chunk) -> Event:
        return Lost(chunk, slot, "ended") if killer in seeds(chunk) else trained(slot, chunk)

    executor = Scripted(answer, at_once=16)
    landed, convicted, _ = all_landed(executor, tasks(16))
    assert landed == Counter(set(range(16)) - {killer})
    (found_guilty,) = convicted
    assert found_guilty.task.replicate.seed == killer
    assert (
        found_guilty.said
        == f"ce, width 5, learning rate 0.1, seed {killer}: ended 3 workers by itself"
    )
    # three times whole, once each in a half, a quarter and an eighth; three times by itself
    assert sum(killer in chunk for chunk in executor.submitted) == TRIES + 3 + TRIES


def test_a_worker_that_only_gives_no_sign_convicts_nobody() -> None:
    silent = iter([True] * 10)

    def answer(slot: Slot, chunk: Chunk) -> Event:
        gone = next(silent, False)
        return Lost(chunk, slot, "is silent", killed=False) if gone else trained(slot, chunk)

    landed, convicted, _ = all_landed(Scripted(answer), tasks(1))
    assert (landed, convicted) == (Counter([0]), [])


def test_an_error_of_one_machine_is_tried_on_another() -> None:
    def answer(slot: Slot, chunk: Chunk) -> Event:
        broken = slot.name == "slot 0"
        return Failed(chunk, slot, OSError("no space")) if broken else trained(slot, chunk)

    landed, _, said = all_landed(Scripted(answer, slots=2), tasks(1))
    assert landed == Counter([0])
    assert said == ["slot 0: no space; its networks are trained elsewhere"]


def test_a_machine_that_fails_again_and_again_is_used_no_more() -> None:
    def answer(slot: Slot, chunk: Chunk) -> Event:
        broken = slot.name == "slot 0"
        return Failed(chunk, slot, OSError("x")) if broken else trained(slot, chunk, 100.0)

    landed, _, said = all_landed(Scripted(answer, slots=2), tasks(20))
    assert landed == Counter(range(20))
    assert said == [
        *["slot 0: x; its networks are trained elsewhere"] * (TRIES - 1),
        "slot 0: x, 3 in a row: it is used no more; its networks are trained elsewhere",
    ]


def test_what_failed_where_it_can_still_be_trained_is_tried_there_again() -> None:
    """It waited for the other machine, which was used no more before that was free."""
    broken, failed_once = list[tuple[Chunk, Slot]](), list[Chunk]()

    def answer(slot: Slot, chunk: Chunk) -> Event | None:
        if slot.name == "slot 0":
            broken.append((chunk, slot))
            return Failed(chunk, slot, OSError("x")) if len(broken) < TRIES else None
        first = chunk not in [each for each, _ in broken]
        if first and len(broken) == TRIES and not failed_once:
            failed_once.append(chunk)
            executor.events.put(Failed(chunk, slot, OSError("y")))
            return Failed(*broken[-1], OSError("x"))
        return trained(slot, chunk, 100.0)

    executor = Scripted(answer, slots=2)
    landed, _, _ = all_landed(executor, tasks(20))
    assert landed == Counter(range(20))
    assert failed_once


@pytest.mark.parametrize("mended", [True, False])
def test_where_only_a_machine_is_left_that_is_used_no_more_it_is_used_again(mended: bool) -> None:
    """Nobody would wait for another one, since there is one."""
    failed, later = list[Chunk](), list[Chunk]()

    def answer(slot: Slot, chunk: Chunk) -> Event | None:
        if slot.name == "slot 1" and len(failed) == TRIES:
            later.append(chunk)
        if len(later) == 3 and slot.name == "slot 1":  # when it is known that slot 0 failed
            executor.there.remove(slot)
            executor.events.put(Lost(chunk, slot, "is gone"))
            return None
        if slot.name == "slot 1" or (len(failed) >= TRIES and mended):
            return trained(slot, chunk, 100.0)
        failed.append(chunk)
        return Failed(chunk, slot, OSError("x"))

    executor = Scripted(answer, slots=2)
    if mended:
        assert all_landed(executor, tasks(20))[0] == Counter(range(20))
    else:
        with pytest.raises(OSError, match="x"):
            all_landed(executor, tasks(20))
    assert len(failed) == TRIES + (not mended)


@pytest.mark.parametrize(
    ("error", "slots"),
    [(OSError("no space"), 2), (OSError("no space"), 1), (DynstudyError("x"), 2)],
)
def test_an_error_of_all_of_them_ends_it(error: Exception, slots: int) -> None:
    executor = Scripted(lambda slot, chunk: Failed(chunk, slot, error), slots=slots)
    with pytest.raises(type(error), match=str(error)):
        all_landed(executor, tasks(4))


def test_what_was_trained_lands_before_the_end_of_all_is_told() -> None:
    def answer(slot: Slot, chunk: Chunk) -> Event | Exception:
        last = seeds(chunk) == [3]
        return ClusterError("the scheduler is gone") if last else trained(slot, chunk, 100.0)

    landed = list[int]()

    def take_all() -> None:
        with Dispatch(Scripted(answer), PROTOCOL, Progress(), {}) as dispatch:
            dispatch.feed(tasks(4))
            while True:
                if isinstance(event := dispatch.next_landed(0.05), Trained):
                    landed.extend(seeds(event.chunk))

    with pytest.raises(ClusterError, match="the scheduler is gone"):
        take_all()
    assert landed == [0, 1, 2]


def test_told_to_finish_it_begins_nothing_and_waits_for_what_is_under_way() -> None:
    held = []
    executor = Scripted(lambda slot, chunk: held.append((slot, chunk)))
    with Dispatch(executor, PROTOCOL, Progress(), {}) as dispatch:
        dispatch.feed(tasks(4))
        while not held:
            assert dispatch.next_landed(0.01) is None
        dispatch.finish()
        assert dispatch.next_landed(0.3) is None
        assert not dispatch.over
        executor.events.put(trained(*held[0]))
        assert isinstance(dispatch.next_landed(10), Trained)
        while not dispatch.over:
            assert dispatch.next_landed(0.01) is None
    assert executor.submitted == [[0]]


def test_memory_stays_flat_where_what_was_trained_is_not_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_UNRECORDED", 10)
    executor = Scripted(lambda slot, chunk: trained(slot, chunk, 100.0))
    with Dispatch(executor, PROTOCOL, Progress(), {}) as dispatch:
        dispatch.feed(tasks(40))
        dispatch.fed()
        while len(executor.submitted) < 11:
            pass
        dispatch._thread.join(0.3)
        assert len(executor.submitted) == 11
        landed = 0
        while not dispatch.over:
            landed += dispatch.next_landed(0.05) is not None
    assert landed == 40


def test_it_says_how_much_more_should_wait() -> None:
    held = []
    executor = Scripted(lambda slot, chunk: held.append(chunk), slots=2, at_once=3)
    with Dispatch(executor, PROTOCOL, Progress(), {"slot 0": 1000.0, "slot 1": 0.0}) as dispatch:
        dispatch.feed(tasks(11))
        while len(held) < 2:
            dispatch.next_landed(0.01)
        waiting = 11 - sum(len(chunk.tasks) for chunk in held)
        networks, work = dispatch.appetite()
    assert networks == 2 * 6 - waiting
    assert work == pytest.approx(2000 - waiting * Chunk(tuple(tasks(1)), PROTOCOL).work)


def test_steps_are_counted_on_the_way_and_taken_back_where_they_are_lost() -> None:
    progress, held = Progress(), list[tuple[Slot, Chunk]]()
    executor = Scripted(lambda slot, chunk: held.append((slot, chunk)), at_once=2)
    with Dispatch(executor, PROTOCOL, progress, {}) as dispatch:
        dispatch.feed(tasks(2))
        while not held:
            dispatch.next_landed(0.01)
        slot, chunk = held[0]
        executor.events.put(Advanced(chunk, slot, 50))
        while progress.steps_done != 2 * 50:
            dispatch.next_landed(0.01)
        assert progress.work_done == chunk.work / 2
        executor.there.remove(slot)
        executor.events.put(Lost(chunk, slot, "ended"))
        while progress.steps_done:
            dispatch.next_landed(0.01)
        assert progress.work_done == 0
