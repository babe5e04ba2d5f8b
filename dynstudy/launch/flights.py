"""Chunks on their way, and what becomes of one whose process died.

It is trained elsewhere. After three deaths it may be the chunk that kills: it is halved with every
further one, until a network is alone, which three more deaths convict.
"""

from dataclasses import dataclass

from dynstudy.launch.executors.executor import Chunk
from dynstudy.launch.replicates import NetworkTask

TRIES = 3
"""How often a chunk may end its process, or fail, before it is taken for the cause."""


@dataclass(frozen=True)
class Convicted:
    """A network that ended every process which trained it by itself."""

    task: NetworkTask

    @property
    def said(self) -> str:
        """Which it is, in words."""
        replicate = self.task.replicate
        return f"{replicate.configuration}, seed {replicate.seed}: ended {TRIES} workers by itself"


@dataclass
class Flight:
    """A chunk that is being trained, or waits to be trained again."""

    chunk: Chunk
    deaths: int = 0  # of processes that trained it, or a chunk that it is a part of
    failed_on: tuple[str, ...] = ()  # slots where it raised an error
    steps: int = 0  # counted in the progress

    def after_death(self) -> "list[Flight] | Convicted":
        """Return what is to be trained where a process that trained this has died."""
        self.deaths += 1
        if self.deaths < TRIES:
            return [self]
        if len(self.chunk.tasks) == 1:
            return Convicted(self.chunk.tasks[0])
        # a network by itself is convicted by deaths of its own
        halves = self.chunk.halves
        return [Flight(half, TRIES - 1 if len(half.tasks) > 1 else 0) for half in halves]
