"""Networks in chunks that are trained and recorded together."""

from collections import deque
from collections.abc import Iterable

from dynstudy.launch.replicates import NetworkTask
from dynstudy.train.loop import step_work

CHUNK_SECONDS = 8.0
"""About what a crash loses, and what the first Ctrl-C waits for."""

CHUNK_NETWORKS = 1000
"""At most, so that memory stays flat however short the trainings are."""

CHUNK_ROUNDS = 4
"""But so often what is trained at once may be in one; and must be, where networks end at different
steps: nothing is idle then while the longest of few goes on."""


class Chunks:
    """Tasks that wait, cut into chunks of one loss and as many steps.

    `uneven` networks may end long before their last step.
    """

    def __init__(self, tasks: Iterable[NetworkTask] = (), *, uneven: bool = False) -> None:
        self.uneven = uneven
        self.waiting = deque[NetworkTask]()
        self.work = 0.0  # units x steps, of all that wait
        self.add(tasks)

    def add(self, tasks: Iterable[NetworkTask]) -> None:
        """Let more tasks wait, behind the others."""
        for task in tasks:
            self.waiting.append(task)
            self.work += task_work(task)

    def cut(self, together: int, budget: float = 0.0) -> list[NetworkTask]:
        """Return the next chunk, for a place that trains so many networks `together`.

        Args:
            together: networks that are trained at the same time.
            budget: about how much work it is to be, units x steps; at least one round is.

        Returns:
            The tasks; none if none wait.
        """
        least = CHUNK_ROUNDS * together if self.uneven else 1
        most = max(CHUNK_NETWORKS, CHUNK_ROUNDS * together)
        chunk: list[NetworkTask] = []
        work = 0.0
        while self.waiting and (not chunk or _alike(self.waiting[0]) == _alike(chunk[0])):
            # whole rounds, so that nothing is idle at the end of the last one
            whole = len(chunk) >= least and len(chunk) % together == 0
            if whole and (work >= budget or len(chunk) >= most):
                break
            chunk.append(self.waiting.popleft())
            work += task_work(chunk[-1])
        self.work -= work
        return chunk


def next_budget(work: float, seconds: float) -> float:
    """How much work the next chunk is to be, from how long one of so much work took."""
    return work * min(4.0, CHUNK_SECONDS / max(seconds, 1e-6))


def task_work(task: NetworkTask) -> float:
    """What the training of a network takes: units x steps."""
    return step_work(task.replicate.configuration.width) * task.steps


def _alike(task: NetworkTask) -> tuple[str, int]:
    """What tasks must share to be trained in one call."""
    return task.replicate.configuration.loss, task.steps
