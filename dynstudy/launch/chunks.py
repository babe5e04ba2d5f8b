"""Networks in chunks that are trained and recorded together."""

from collections.abc import Iterator

from dynstudy.launch.replicates import Task
from dynstudy.train.loop import step_work

CHUNK_SECONDS = 8.0
"""About what a crash loses, and what the first Ctrl-C waits for."""

CHUNK_NETWORKS = 1000
"""At most, so that memory stays flat however short the trainings are."""

CHUNK_ROUNDS = 4
"""But so often what is trained at once may be in one; and must be, where networks end at different
steps: nothing is idle then while the longest of few goes on."""


class Chunks(Iterator[list[Task]]):
    """Cut tasks into chunks of one loss and as many steps, which take about `CHUNK_SECONDS`.

    So many are trained `together`, at the same time; `budget` is the size of the first chunk, as an
    earlier one left it, else as small as can be. `uneven` networks may end long before their last
    step.
    """

    def __init__(
        self, tasks: Iterator[Task], together: int, budget: float = 0.0, *, uneven: bool = False
    ) -> None:
        self.least = CHUNK_ROUNDS * together if uneven else 1
        self.tasks, self.together = tasks, together
        self.most = max(CHUNK_NETWORKS, CHUNK_ROUNDS * together)
        self.next_task = next(tasks, None)
        self.budget = budget  # of the next one, units x steps

    def __next__(self) -> list[Task]:
        if self.next_task is None:
            raise StopIteration
        alike = _alike(self.next_task)
        chunk: list[Task] = []
        work = 0.0  # units x steps
        while self.next_task is not None and _alike(self.next_task) == alike:
            # whole rounds, so that nothing is idle at the end of the last one
            whole = len(chunk) >= self.least and len(chunk) % self.together == 0
            if whole and (work >= self.budget or len(chunk) >= self.most):
                break
            chunk.append(self.next_task)
            width = self.next_task.replicate.configuration.width
            work += step_work(width) * self.next_task.steps
            self.next_task = next(self.tasks, None)
        return chunk

    def took(self, work: float, seconds: float) -> None:
        """Size the next chunk by how long one of so much work took."""
        self.budget = work * min(4.0, CHUNK_SECONDS / max(seconds, 1e-6))


def _alike(task: Task) -> tuple[str, int]:
    """What tasks must share to be trained in one call."""
    return task.replicate.configuration.loss, task.steps
