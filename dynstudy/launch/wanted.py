"""The networks that a launch is to train: each reserved before, so that no other trains it, too."""

import time
from collections.abc import Iterator, Sequence

from dynstudy.config import Cell, Replicate
from dynstudy.launch.chunks import task_work
from dynstudy.launch.replicates import NetworkTask
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.launches import Launch
from dynstudy.store.patience import Patience

BLOCK = 1000
"""Networks that are reserved at once, at most."""

PASSED = 10
"""Blocks that are passed over at once, at most: what lands meanwhile waits to be recorded."""

POLL_SECONDS = 1.0
"""Between two looks at what other launches have reserved."""


class Wanted:
    """Tasks on their way to be trained; none is reserved where `launch` is None.

    What another launch trains is left to it, and looked for until that has recorded it, or ended.
    """

    def __init__(
        self,
        ledger: LaunchLedger,
        launch: Launch | None,
        patiently: Patience,
        cells: Sequence[Cell],
        tasks: Iterator[NetworkTask],
    ) -> None:
        self.ledger, self.launch, self.patiently, self.tasks = ledger, launch, patiently, tasks
        self.cells = {cell.configuration: cell for cell in cells}
        self.elsewhere: list[NetworkTask] = []  # reserved by other launches
        self._recorded: list[NetworkTask] = []  # by other launches, since they were planned
        self._next = next(tasks, None)
        self._looked = time.monotonic()

    @property
    def none_left(self) -> bool:
        """Whether all are handed out, or recorded."""
        return self._next is None and not self.elsewhere

    def next_tasks(self, networks: float, work: float) -> list[NetworkTask]:
        """Return the next so many networks, at least, of so much work, which are reserved now.

        What another launch trains is passed over, lest all train behind the one that is ahead.
        """
        block: list[NetworkTask] = []
        if self.elsewhere and time.monotonic() - self._looked > POLL_SECONDS:
            self._looked = time.monotonic()
            block, self.elsewhere = self.elsewhere[:BLOCK], self.elsewhere[BLOCK:]
        for _ in range(PASSED):
            block += self._next_block(networks, work)
            if not block:
                break
            if tasks := self._reserved(block):
                return tasks
            block = []
        return []

    def _next_block(self, networks: float, work: float) -> list[NetworkTask]:
        block: list[NetworkTask] = []
        while self._next is not None and (networks > 0 or work > 0) and len(block) < BLOCK:
            block.append(self._next)
            networks, work = networks - 1, work - task_work(self._next)
            self._next = next(self.tasks, None)
        return block

    def recorded_elsewhere(self) -> list[Replicate]:
        """What other launches have recorded since it was last asked."""
        recorded, self._recorded = self._recorded, []
        return [task.replicate for task in recorded]

    def let_go(self, task: NetworkTask) -> None:
        """Let others try a network that could not be trained."""
        if self.launch is not None:
            self.patiently(self.launch.release, [self.ledger.replicate_key(task.replicate)])

    def _reserved(self, block: list[NetworkTask]) -> list[NetworkTask]:
        if self.launch is None:
            return block
        by_key = {self.ledger.replicate_key(task.replicate): task for task in block}
        granted = self.patiently(self.launch.reserve, list(by_key))
        # Looked up after it was granted: who had reserved it before has recorded it, or never will.
        configurations = dict.fromkeys(task.replicate.configuration for task in block)
        cells = [self.cells[each] for each in configurations]
        lacking = self.patiently(self.ledger.lacking, cells)
        to_train, spare = [], []
        for key, task in by_key.items():
            if task.replicate.seed not in lacking[task.replicate.configuration]:
                self._recorded.append(task)
                spare.append(key)
            elif key in granted:
                to_train.append(task)
            else:
                self.elsewhere.append(task)
        if spare:
            self.patiently(self.launch.release, spare)
        return to_train
