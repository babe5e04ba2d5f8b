"""Run a study whose cells are known before: train what is missing, make cells trials.

A cell becomes a trial once it can be compared with its static loss. Where replicates come in
rounds, it does once it is settled, or has the most replicates that it may have; a launch after an
interruption goes through the same rounds: what is recorded is not trained again, and equal outcomes
give equal decisions.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import optuna

from dynstudy.config import Cell
from dynstudy.launch.training import Training
from dynstudy.statistics.cell_tests import CELL_TESTS, CellTests
from dynstudy.statistics.compared_cells import ComparedCells, read_compared
from dynstudy.statistics.sequential import FamilyLooks
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.trials import add_cells
from dynstudy.study.rounds import Rounds
from dynstudy.study.spec import StudySpec
from dynstudy.study.tried import finished


def run_map(spec: StudySpec, study: optuna.Study, training: Training) -> tuple[int, int]:
    """Train and record until nothing is missing: the study's cells, and those not trials yet."""
    if spec.rounds is not None:
        return run_rounds(spec, spec.rounds, study, training)
    all_cells = spec.cells_ahead()
    planned = training.plan(all_cells)
    lacking = {configuration: len(seeds) for configuration, seeds in planned.items()}
    summaries = Summaries(training.ledger, spec.baseline_seeds)
    trials = training.patiently(finished, study)
    waiting = [cell for cell in all_cells if cell.configuration not in trials]
    training.patiently(training.ledger.remember, waiting, planned)

    def make_trials() -> None:
        """Networks are recorded first: a crash between the two costs nothing."""
        nonlocal waiting
        ready: list[Cell] = []
        still: list[Cell] = []
        for cell in waiting:
            whole = not lacking[cell.configuration]
            comparable = not lacking.get(cell.configuration.baseline(), 0)
            (ready if whole and comparable else still).append(cell)
        waiting = still
        training.patiently(add_trials, study, spec, summaries, ready)

    seldom = Seldom(make_trials)
    seldom()
    for replicates in training.train(all_cells, planned):
        for replicate in replicates:
            lacking[replicate.configuration] -= 1
        seldom()
    make_trials()
    return len(all_cells), sum(map(bool, lacking.values()))


class Seldom:
    """Calls a function, but for no more than a tenth of the time: it looks at all trials."""

    def __init__(self, function: Callable[[], None]) -> None:
        self.function, self.next = function, 0.0

    def __call__(self) -> None:
        """Call it, or leave it to a later time."""
        if (began := time.monotonic()) >= self.next:
            self.function()
            ended = time.monotonic()
            self.next = ended + 9 * (ended - began)


def run_rounds(
    spec: StudySpec,
    rounds: Rounds,
    study: optuna.Study,
    training: Training,
    tests: CellTests = CELL_TESTS,
) -> tuple[int, int]:
    """As `run_map`, round after round until `tests` settle all cells."""
    all_cells = spec.cells_ahead()
    seeds = spec.baseline_seeds
    summaries = Summaries(training.ledger, seeds)
    present = set(training.patiently(finished, study))

    def make_trials(ready: Iterable[Cell]) -> None:
        new = [cell for cell in ready if cell.configuration not in present]
        training.patiently(add_trials, study, spec, summaries, new)
        present.update(cell.configuration for cell in new)

    all_seeds = {cell.configuration: cell.seeds for cell in all_cells}
    training.patiently(training.ledger.remember, all_cells, all_seeds)

    def compare() -> ComparedCells:
        return training.patiently(read_compared, training.ledger, all_cells, seeds, spec.family)

    families = compare().families
    looks = [FamilyLooks(indices, rounds.looks) for indices in families]
    baselines = [cell for cell in all_cells if cell.configuration.static]
    before = 0
    for number, size in enumerate(rounds.looks, start=1):
        going = [int(index) for each in looks for index in each.indices[each.going]]
        if number > 1 and not going:
            break
        more = [replace(all_cells[index], seeds=range(before, size)) for index in sorted(going)]
        todo = [*(baselines if number == 1 else []), *more]
        training.progress.stage = f"round {number} of at most {len(rounds.looks)}"
        note = (
            f"{training.progress.stage}: {len(more)} of {len(all_cells) - len(baselines)} cells go "
            f"on to {size} replicates"
        )
        if not training.complete(todo, note=note):
            break  # interrupted: the next launch trains what is missing, and looks then
        make_trials(baselines)
        compared = compare()
        for family in looks:
            if family.going.any():
                family.look(partial(compared.evidence, tests))
            done = zip(family.indices, family.looked, family.going, strict=True)
            make_trials(
                replace(all_cells[index], seeds=range(count)) for index, count, on in done if not on
            )
        before = size
    return len(all_cells), len(all_cells) - len(present)


def add_trials(
    study: optuna.Study, spec: StudySpec, summaries: Summaries, cells: Iterable[Cell]
) -> None:
    """Make trials of cells whose networks are all recorded; again, it adds what is missing."""
    add_cells(study, spec, summaries.of(cells))
