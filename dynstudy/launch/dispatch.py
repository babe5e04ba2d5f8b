"""Keeps what trains busy, from a thread of its own, so that nothing waits for what is recorded."""

import threading
from collections import Counter
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from dynstudy.errors import DynstudyError
from dynstudy.launch.chunks import Chunks, next_budget
from dynstudy.launch.executors.executor import (
    Advanced,
    Chunk,
    Executor,
    Failed,
    Lost,
    Said,
    Slot,
    Trained,
)
from dynstudy.launch.flights import TRIES, Convicted, Flight
from dynstudy.launch.progress import Progress
from dynstudy.launch.replicates import NetworkTask
from dynstudy.protocol import Protocol

WAIT_SECONDS = 0.1
"""For an event, before what else there is to do is looked at."""

AHEAD = 2
"""So many chunks wait for each slot."""

MOST_UNRECORDED = 20_000
"""Networks that wait to be recorded: memory stays flat where a database is slow."""


Landed = Trained | Convicted | Said


class Dispatch:
    """Trains the tasks that it is fed; a context, whose end gives up what is still under way.

    Args:
        executor: what trains.
        protocol: of all tasks.
        progress: where work and steps are counted.
        budgets: work of the next chunk by the name of its slot, kept from one dispatch to the next.
    """

    def __init__(
        self,
        executor: Executor,
        protocol: Protocol,
        progress: Progress,
        budgets: dict[str, float],
    ) -> None:
        self.executor, self.protocol = executor, protocol
        self.progress, self.budgets = progress, budgets
        self._chunks = Chunks(uneven=protocol.until is not None)
        self._again = list[Flight]()
        self._flights: dict[str, Flight] = {}  # by the name of the slot
        self._landed = SimpleQueue[Landed | BaseException | None]()
        self._slots: Sequence[Slot] = ()  # when they were last looked at
        self._unrecorded = 0
        self._failures = Counter[str]()  # in a row, by the name of the slot
        self._lock = threading.Lock()  # of what waits
        self._fed, self._finishing, self._over, self._ended = (threading.Event() for _ in range(4))
        self._thread = threading.Thread(target=self._run, name="dynstudy-dispatch", daemon=True)

    # --- for the thread that feeds it and records ----------------------------------------------

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._over.set()
        self._wake()
        self._thread.join()

    def appetite(self) -> tuple[int, float]:
        """How many networks more, and how much work, should wait lest a slot does."""
        slots = self._slots
        networks = AHEAD * sum(slot.at_once for slot in slots)
        work = AHEAD * sum(self.budgets.get(slot.name, 0.0) for slot in slots)
        with self._lock:
            return max(networks, 1) - len(self._chunks.waiting), work - self._chunks.work

    def feed(self, tasks: Sequence[NetworkTask]) -> None:
        """Let tasks wait for a free slot."""
        if tasks:
            with self._lock:
                self._chunks.add(tasks)
            self._wake()

    def fed(self) -> None:
        """Say that there are no more: it ends when all of them are trained."""
        self._set(self._fed)

    def finish(self) -> None:
        """Begin no other chunk; it ends when those under way are trained."""
        self._set(self._finishing)

    def _set(self, event: threading.Event) -> None:
        if not event.is_set():
            event.set()
            self._wake()

    def _wake(self) -> None:
        """Let the thread look at once what there is to do."""
        self.executor.events.put(None)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        with self._lock:
            return not (self._chunks.waiting or self._again or self._flights or self._unrecorded)

    def next_landed(self, timeout: float) -> Landed | None:
        """Return what came of a chunk; None if nothing did for so many seconds, or it is `over`.

        Raises:
            DynstudyError: nothing can be trained any more; what was trained has come before.
        """
        try:
            landed = self._landed.get(timeout=timeout)
        except Empty:
            return None
        if isinstance(landed, BaseException):
            raise landed
        if isinstance(landed, Trained):
            with self._lock:
                self._unrecorded -= len(landed.records)
        return landed

    @property
    def over(self) -> bool:
        """Whether nothing will land any more."""
        return self._ended.is_set() and self._landed.empty()

    # --- its thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._over.is_set() and not self._done():
                self._launch()
                while isinstance(event := self.executor.next_event(WAIT_SECONDS), Advanced):
                    self._count(event.slot, event.chunk, event.steps)  # after which none is free
                match event:
                    case Said():
                        self._landed.put(event)
                    case Trained() if self._is_flying(event):
                        self._trained(event)
                    case Failed() if self._is_flying(event):
                        self._failed(event)
                    case Lost() if self._is_flying(event):
                        self._lost(event)
        except BaseException as error:
            self._landed.put(error)
        finally:
            self._ended.set()
            self._landed.put(None)  # who waits for more looks whether it is over

    def _done(self) -> bool:
        with self._lock:
            if self._flights:
                return False
            nothing = not (self._chunks.waiting or self._again)
            return self._finishing.is_set() or (self._fed.is_set() and nothing)

    def _launch(self) -> None:
        """Give every free slot a chunk."""
        if self._finishing.is_set() or self._unrecorded > MOST_UNRECORDED:
            return
        self._slots = slots = self.executor.slots()
        names = {slot.name for slot in slots}
        for gone in self.progress.speeds.keys() - names:
            del self.progress.speeds[gone]
        # those that failed too often, too, where there are no others, which nobody waits for then
        usable = {name for name in names if self._failures[name] < TRIES} or names
        for slot in slots:
            if slot.name in self._flights or slot.name not in usable:
                continue
            with self._lock:
                flight = self._next_flight(slot, usable)
                if flight is None:
                    continue
                self._flights[slot.name] = flight
            self.executor.submit(slot, flight.chunk)

    def _next_flight(self, slot: Slot, usable: set[str]) -> Flight | None:
        for flight in self._again:
            if slot.name not in flight.failed_on or usable.issubset(flight.failed_on):
                self._again.remove(flight)
                return flight
        tasks = self._chunks.cut(slot.at_once, self.budgets.get(slot.name, 0.0))
        return Flight(Chunk(tuple(tasks), self.protocol)) if tasks else None

    def _count(self, slot: Slot, chunk: Chunk, steps: int) -> None:
        """Count the steps that a chunk took since it was last counted."""
        flight = self._flights.get(slot.name)
        if flight is None or flight.chunk is not chunk:
            return
        more, flight.steps = steps - flight.steps, steps
        self.progress.work_done += chunk.work * more / chunk.steps
        self.progress.steps_done += len(chunk.tasks) * float(more)

    def _is_flying(self, event: Trained | Failed | Lost) -> bool:
        """Whether a chunk is still awaited from there, and not given up."""
        flight = self._flights.get(event.slot.name)
        return flight is not None and flight.chunk is event.chunk

    def _trained(self, event: Trained) -> None:
        slot, chunk = event.slot, event.chunk
        self._count(slot, chunk, chunk.steps)
        self.budgets[slot.name] = next_budget(chunk.work, event.seconds)
        self.progress.speeds[slot.name] = chunk.work / max(event.seconds, 1e-6)
        self._failures[slot.name] = 0
        with self._lock:
            self._unrecorded += len(event.records)
            self._flights.pop(slot.name, None)
        self._landed.put(event)

    def _failed(self, event: Failed) -> None:
        """Try an error of a machine on another one; one of ours is the same everywhere."""
        flight, name = self._off(event.slot), event.slot.name
        flight.failed_on += (name,)
        self._failures[name] += 1
        slots = [slot.name for slot in self.executor.slots()]
        usable = [slot for slot in slots if self._failures[slot] < TRIES]
        hopeless = set(usable).issubset(flight.failed_on) or len(flight.failed_on) == TRIES
        if isinstance(event.error, DynstudyError) or hopeless:
            raise event.error
        used_no_more = "" if name in usable else f", {TRIES} in a row: it is used no more"
        self._say(f"{name}: {event.error}{used_no_more}; its networks are trained elsewhere")
        self._train_again(flight)

    def _lost(self, event: Lost) -> None:
        flight, name = self._off(event.slot), event.slot.name
        if not event.killed:
            self._say(f"{name} {event.why}; its networks are trained elsewhere")
            self._train_again(flight)
            return
        rest = flight.after_death()
        if isinstance(rest, Convicted):
            self._landed.put(rest)
            return
        self._say(f"{name} {event.why}; its networks are trained again")
        for each in rest:
            self._train_again(each)

    def _off(self, slot: Slot) -> Flight:
        """The flight of a slot, which ends, and whose steps count no more."""
        flight = self._flights[slot.name]
        self._count(slot, flight.chunk, 0)
        with self._lock:
            del self._flights[slot.name]
        return flight

    def _train_again(self, flight: Flight) -> None:
        with self._lock:
            self._again.append(flight)

    def _say(self, line: str) -> None:
        self._landed.put(Said(line))
