"""What a boundary study would have made of a map that is trained, from the same networks.

The labels of the map are the truth where they are *stable*: where at least 95 % of resamples of the
replicates give the same. Boundary studies of several seeds choose cells of the map and predict the
others; beside them stand as many cells that fill the space, and as many at random, read in the same
way. A label is a cell's regime and whether it forgets, and both have to be right.
"""

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Annotated, cast

import numpy as np
import optuna
import pandas as pd
import typer
from numpy.typing import NDArray

from dynstudy.analysis.regime_map import PREDICTIONS
from dynstudy.cli.options import FormatOption, StorageOption, StudyArgument
from dynstudy.cli.session import log, opened
from dynstudy.config import Configuration
from dynstudy.errors import DynstudyError
from dynstudy.report.rows import print_rows
from dynstudy.report.words import Format
from dynstudy.search.boundary import TrialPanel, next_cells, trial_panels
from dynstudy.search.level_sets import spread_out
from dynstudy.search.prediction import predict_cells
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.compared_cells import read_compared
from dynstudy.statistics.labelled_cells import judge, label_cells
from dynstudy.statistics.samples import Sample
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.store.trials import FinishedCell, add_cells
from dynstudy.study.kinds.boundary import BoundarySpec
from dynstudy.study.over_axes import GridSpec
from dynstudy.study.spec import StudySpec

STABLE = 0.95
"""The share of resamples that give a stable label, at least."""

CellLabels = dict[Configuration, tuple[str, bool | None]]
"""Regime and whether it forgets, of each dynamical cell."""


@dataclass(frozen=True)
class Replay:
    """How the labels from a part of a map's cells agree with those of the map."""

    rule: str  # how they were chosen
    trained: int  # cells, at most
    cells: int  # of the map, static ones not counted
    stable: int  # of these
    agreement: float  # mean over studies of the share of the stable cells labelled alike
    lowest: float  # of one study
    highest: float
    predicted: float  # as agreement, of the stable cells that were not trained
    studies: int  # with seeds from 0


def replay(
    storage: Storage,
    name: str,
    *,
    count: int | None = None,
    batch: int,
    seeds: int,
    resamples: int,
    log: Callable[[str], None] = lambda _: None,
) -> list[Replay]:
    """Label a finished map from a part of its cells, chosen by each of `RULES`.

    Args:
        storage: where the map is.
        name: of the map.
        count: cells to train, of each loss and learning rate; a quarter of them if None.
        batch: of them chosen together.
        seeds: how many studies of each rule.
        resamples: of the map's replicates, to find the stable labels.
        log: told what is under way.

    Returns:
        A row for each rule.

    Raises:
        DynstudyError: it is no complete map, or these cells cannot be chosen from it.
    """
    spec = cast(GridSpec, storage.spec(storage.study(name)))
    if not spec.on_grid or spec.kind in PREDICTIONS:
        raise DynstudyError(f"study {name!r} is a {spec.kind}; replay needs a map, as the truth")
    if spec.rounds is not None:
        raise DynstudyError(
            f"study {name!r} has replicates in rounds; replay needs as many in every cell"
        )
    if count is None:
        space = spec.space
        count = len(space.width) * len(space.amplitude) * len(space.period or ()) // 4
    values = spec.resolved() | {"kind": "boundary", "boundary": {"cells": count, "batch": batch}}
    planned = cast(BoundarySpec, StudySpec.of(values, f"replay of {name!r}"))
    ledger = Ledger(storage.engine, spec.protocol)
    missing = sum(map(bool, ledger.lacking(list(planned.grid_cells())).values()))
    if missing:
        raise DynstudyError(f"study {name!r}: {missing} cells are not trained yet; run it first")
    log(f"{name}: labels of {resamples} resamples of the map")
    truth, stable = stable_labels(planned, ledger, resamples)
    if not stable:
        raise DynstudyError(f"study {name!r}: no cell has a stable label to compare with")
    summaries = Summaries(ledger, range(spec.baseline_replicates))
    finished = summaries.of(planned.grid_cells())
    cells_of_map = {cell.configuration: cell for cell in finished}
    rows = []
    for title, rule in RULES.items():
        log(f"{name}: {seeds} x {title}")
        studies = [
            _compared(_seeded(planned, seed), ledger, cells_of_map, rule) for seed in range(seeds)
        ]
        alike = np.array([
            [labels[cell] == truth[cell] for cell in stable] for labels, _ in studies
        ])
        unseen = np.array([[cell not in chosen for cell in stable] for _, chosen in studies])
        shares = alike.mean(axis=1)
        rows.append(
            Replay(
                title,
                max(len(chosen) for _, chosen in studies),
                len(truth),
                len(stable),
                float(shares.mean()),
                float(shares.min()),
                float(shares.max()),
                float(alike[unseen].mean()) if unseen.any() else np.nan,
                seeds,
            )
        )
    return rows


def stable_labels(
    spec: GridSpec, ledger: Ledger, resamples: int, seed: int = 0
) -> tuple[CellLabels, list[Configuration]]:
    """The labels of a map, and where they do not hang on which replicates were drawn.

    Args:
        spec: of the map.
        ledger: where its networks are.
        resamples: of the replicates of every cell and baseline, with replacement.
        seed: of the resampling.

    Returns:
        The labels of all dynamical cells, and the cells whose label is stable.
    """
    rng = np.random.default_rng(seed)
    dynamical = [cell for cell in spec.grid_cells() if not cell.configuration.static]
    seeds = range(spec.baseline_replicates)
    compared = read_compared(ledger, dynamical, seeds, spec.family)
    truth = _labels(label_cells(compared).frame)
    alike = dict.fromkeys(truth, 0)
    for _ in range(resamples):
        drawn = replace(
            compared,
            samples=[_drawn(sample, rng) for sample in compared.samples],
            baselines={
                static: _DrawnBaseline(baseline, rng)
                for static, baseline in compared.baselines.items()
            },
        )
        for cell, label in _labels(label_cells(drawn).frame).items():
            alike[cell] += label == truth[cell]
    return truth, [cell for cell, count in alike.items() if count >= STABLE * resamples]


class _DrawnBaseline(Baseline):
    """A baseline whose replicates are drawn with replacement from another's."""

    def __init__(self, baseline: Baseline, rng: np.random.Generator) -> None:
        self.baseline, self.rng = baseline, rng
        self.val_accuracy = rng.choice(baseline.val_accuracy, len(baseline.val_accuracy))

    def measure(self, name: str, period: int) -> NDArray[np.float64]:
        values = self.baseline.measure(name, period)
        return self.rng.choice(values, len(values)) if len(values) else values


def _drawn(sample: Sample, rng: np.random.Generator) -> Sample:
    return sample.part(rng.integers(len(sample), size=len(sample)))


def _labels(frame: pd.DataFrame) -> CellLabels:
    return {
        Configuration(row.loss, row.width, row.learning_rate, row.amplitude, int(row.period)): (
            str(row.regime),
            None if row.forgets is None else bool(row.forgets),
        )
        for row in frame.itertuples()
        if row.amplitude == row.amplitude  # static cells have none
    }


Rule = Callable[[BoundarySpec, TrialPanel, int], list[Configuration]]


def space_filling(spec: BoundarySpec, panel: TrialPanel, number: int) -> list[Configuration]:
    """Cells that are far from each other, all at once."""
    rng = np.random.default_rng((spec.boundary.seed, number))
    chosen = spread_out(panel.places, panel.places[:0], spec.boundary.cells, rng)
    return [] if panel.trials else [panel.candidates[index] for index in chosen]


def random(spec: BoundarySpec, panel: TrialPanel, number: int) -> list[Configuration]:
    """Any cells, all at once."""
    order = np.random.default_rng((spec.boundary.seed, number)).permutation(len(panel.candidates))
    chosen = order[: spec.boundary.cells]
    return [] if panel.trials else [panel.candidates[index] for index in chosen]


RULES: dict[str, Rule] = {"chosen": next_cells, "space-filling": space_filling, "random": random}


def _seeded(spec: BoundarySpec, seed: int) -> BoundarySpec:
    return spec.model_copy(update={"boundary": spec.boundary.model_copy(update={"seed": seed})})


def _compared(
    spec: BoundarySpec, ledger: Ledger, cells_of_map: dict[Configuration, FinishedCell], rule: Rule
) -> tuple[CellLabels, set[Configuration]]:
    """The labels of a study in memory, and which cells it trained."""
    study = optuna.create_study(direction="maximize")
    batch = [configuration for configuration in cells_of_map if configuration.static]
    while batch:
        add_cells(study, spec, [cells_of_map[configuration] for configuration in batch])
        batch = [
            configuration
            for number, panel in enumerate(trial_panels(spec, study))
            for configuration in rule(spec, panel, number)
        ]
    own_cells = [cell for cell in spec.cells(study) if not cell.configuration.static]
    labelled = judge(ledger, own_cells, range(spec.baseline_replicates), spec.family)
    labels = _labels(labelled.frame) | _labels(predict_cells(spec, study, ledger)[0])
    return labels, {cell.configuration for cell in own_cells}


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    study: StudyArgument,
    cells: Annotated[
        int | None,
        typer.Option(
            min=3,
            help="How many cells are trained, of each loss and learning rate. "
            "[default: a quarter of the map's]",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=2, help="How many are chosen together.")] = 12,
    seeds: Annotated[int, typer.Option(min=1, help="Boundary studies of each kind.")] = 20,
    resamples: Annotated[
        int, typer.Option(min=20, help="Of the map's replicates, to find its stable labels.")
    ] = 200,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """How few cells of a finished map a boundary study would have needed; nothing is trained.

    Boundary studies choose some cells of the map, read them from the ledger and predict the others.
    Their labels (the regime, and whether a cell forgets) are compared with the map's, at the cells
    whose label is the same in 95 % of resamples of the replicates. Beside them: as many cells that
    fill the space, and as many at random.
    """
    with opened(storage) as database:
        rows = replay(
            database, study, count=cells, batch=batch, seeds=seeds, resamples=resamples, log=log
        )
    print_rows([asdict(row) for row in rows], form, sys.stdout)
