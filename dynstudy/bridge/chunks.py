"""Networks in chunks that are trained and recorded together."""

from collections.abc import Iterator

from dynstudy.bridge.replicates import Task
from dynstudy.train.backends.cpu import threads

CHUNK_SECONDS = 8.0
"""About what a crash loses, and what the first Ctrl-C waits for."""

CHUNK_NETWORKS = 1000
"""At most, so that memory stays flat however short the trainings are."""

FIXED_UNITS = 8
"""A training step costs about as much as (width + this) units: softmax, loops and calls."""


def network_work(width: int, steps: int) -> float:
    """What training one network takes, in units x steps."""
    return (width + FIXED_UNITS) * float(steps)


class Chunks(Iterator[list[Task]]):
    """Cut tasks into chunks of one loss that take about `CHUNK_SECONDS`, as measured on the way.

    Args:
        tasks: the networks.
        steps: the length of each one's training.
        budget: the size of the first chunk, as an earlier one left it; else as small as can be.
    """

    def __init__(self, tasks: Iterator[Task], steps: int, budget: float = 0.0) -> None:
        self.tasks, self.steps = tasks, steps
        self.next_task = next(tasks, None)
        self.work = 0.0  # of the last chunk, units x steps
        self.budget = budget  # of the next one, units x steps

    def __next__(self) -> list[Task]:
        if self.next_task is None:
            raise StopIteration
        loss = self.next_task.replicate.configuration.loss
        chunk: list[Task] = []
        self.work = 0.0
        while self.next_task is not None and self.next_task.replicate.configuration.loss == loss:
            # whole rounds, so that no thread is idle at the end of the last one
            whole = chunk and len(chunk) % threads() == 0
            if whole and (self.work >= self.budget or len(chunk) >= CHUNK_NETWORKS):
                break
            chunk.append(self.next_task)
            self.work += network_work(self.next_task.replicate.configuration.width, self.steps)
            self.next_task = next(self.tasks, None)
        return chunk

    def took(self, seconds: float) -> None:
        """Size the next chunk by how long the last one took."""
        self.budget = self.work * min(4.0, CHUNK_SECONDS / max(seconds, 1e-6))
