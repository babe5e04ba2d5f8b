"""What trains the chunks of a launch, wherever that is: the contract that all executors keep.

A launch asks for `slots`, hands each free one a chunk with `submit`, and takes `Event`s as they
come. What becomes of a chunk that was lost is not the executor's to decide.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, SimpleQueue
from typing import Self

from dynstudy.launch.replicates import NetworkTask
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Record
from dynstudy.store.provenance import Trainer
from dynstudy.train.loop import step_work


@dataclass(frozen=True)
class Slot:
    """A place that trains one chunk at a time."""

    name: str  # of no other slot of the executor, now or before
    at_once: int  # networks that it trains at the same time


@dataclass(frozen=True, eq=False)
class Chunk:
    """Networks of one loss and as many steps, trained in one engine call."""

    tasks: tuple[NetworkTask, ...]  # at least one
    protocol: Protocol

    @property
    def steps(self) -> int:
        """Of the training of each."""
        return self.tasks[0].steps

    @cached_property  # asked for with every step that a worker tells
    def work(self) -> float:
        """Units times steps of all its networks, which is what takes time."""
        widths = [task.replicate.configuration.width for task in self.tasks]
        return step_work(widths) * self.steps

    @property
    def halves(self) -> "tuple[Chunk, Chunk]":
        """Two chunks of its networks, of which it has at least two."""
        middle = len(self.tasks) // 2
        return Chunk(self.tasks[:middle], self.protocol), Chunk(self.tasks[middle:], self.protocol)


@dataclass(frozen=True)
class Advanced:
    """A chunk went on to a step."""

    chunk: Chunk
    slot: Slot
    steps: int  # taken, of each of its networks


@dataclass(frozen=True)
class Trained:
    """A chunk was trained; the slot is free."""

    chunk: Chunk
    slot: Slot
    records: Sequence[Record]  # in the order of its tasks
    trainer: Trainer  # as the process that did it says
    seconds: float  # that the training took there


@dataclass(frozen=True)
class Failed:
    """Training a chunk raised an error, of the chunk or of the place; the slot is free."""

    chunk: Chunk
    slot: Slot
    error: Exception


@dataclass(frozen=True)
class Lost:
    """The process that trained a chunk is gone, or gives no sign; the slot is gone with it."""

    chunk: Chunk
    slot: Slot
    why: str  # the rest of a sentence that begins with the slot's name
    killed: bool = True  # its process ended: the chunk may be why; false if it only gives no sign


@dataclass(frozen=True)
class Said:
    """Something that a person should know: a worker came, went or was refused."""

    line: str


Event = Advanced | Trained | Failed | Lost | Said


class Executor(ABC):
    """Trains chunks; its methods are called by one thread, but `stop`, which any may call.

    A context: leaving it gives back what it holds, and drops what is still being trained.
    """

    def __init__(self) -> None:
        self.events = SimpleQueue[Event | Exception | None]()
        """Put here by threads of its own; an exception ends the launch, None only wakes it."""

    @abstractmethod
    def slots(self) -> Sequence[Slot]:
        """Those that are there now, busy or not; they may come and go."""

    @abstractmethod
    def submit(self, slot: Slot, chunk: Chunk) -> None:
        """Train a chunk on a slot that is free; if the slot is gone by now, a `Lost` says so."""

    @abstractmethod
    def stop(self, *, drop: bool) -> bool:
        """End all; with `drop`, chunks that are being trained are given up.

        Returns:
            False if a thread of this process does not end and goes with the process.
        """

    def next_event(self, timeout: float) -> Event | None:
        """Return the next event, or None if there is none for so many seconds, or it is woken.

        Raises:
            DynstudyError: no chunk can be trained any more, and why.
        """
        try:
            event = self.events.get(timeout=timeout)
        except Empty:
            return None
        if isinstance(event, Exception):
            raise event
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(drop=True)
