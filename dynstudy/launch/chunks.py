"""Networks in chunks that are trained and recorded together."""

from collections.abc import Iterator

from dynstudy.launch.replicates import Task
from dynstudy.train.loop import step_work

CHUNK_SECONDS = 8.0
"""About what a crash loses, and what the first Ctrl-C waits for."""

CHUNK_NETWORKS = 1000
"""At most, so that memory stays flat however short the trainings are."""

CHUNK_ROUNDS = 4
"""But so often what is trained at once may be in one."""


class Chunks(Iterator[list[Task]]):
    """Cut tasks into chunks of one loss that take about `CHUNK_SECONDS`, as measured on the way.

    So many are trained `together`, at the same time; `budget` is the size of the first chunk, as an
    earlier one left it, else as small as can be.
    """

    def __init__(
        self, tasks: Iterator[Task], steps: int, together: int, budget: float = 0.0
    ) -> None:
        self.tasks, self.steps, self.together = tasks, steps, together
        self.most = max(CHUNK_NETWORKS, CHUNK_ROUNDS * together)
        self.next_task = next(tasks, None)
        self.budget = budget  # of the next one, units x steps

    def __next__(self) -> list[Task]:
        if self.next_task is None:
            raise StopIteration
        loss = self.next_task.replicate.configuration.loss
        chunk: list[Task] = []
        work = 0.0  # units x steps
        while self.next_task is not None and self.next_task.replicate.configuration.loss == loss:
            # whole rounds, so that nothing is idle at the end of the last one
            whole = chunk and len(chunk) % self.together == 0
            if whole and (work >= self.budget or len(chunk) >= self.most):
                break
            chunk.append(self.next_task)
            work += step_work(self.next_task.replicate.configuration.width) * self.steps
            self.next_task = next(self.tasks, None)
        return chunk

    def took(self, work: float, seconds: float) -> None:
        """Size the next chunk by how long one of so much work took."""
        self.budget = work * min(4.0, CHUNK_SECONDS / max(seconds, 1e-6))
