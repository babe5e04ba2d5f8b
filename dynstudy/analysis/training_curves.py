"""Loss and curvature along the training of static losses: figure 1 of the paper, in numbers.

λ̄ is the mean of λ1 over the two steps of a record, the loss a mean over the steps from one record
to the next. Networks that diverged have neither, and are counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.analysis.regime_map import PANEL
from dynstudy.arrays import Array
from dynstudy.errors import DynstudyError, with_article
from dynstudy.measure.accuracy import mean, or_none, standard_error
from dynstudy.measure.records import (
    EIGENVALUES,
    LOSS,
    loss_steps,
    mean_losses,
    pairs,
    record_steps,
    series_asked,
)
from dynstudy.protocol import Protocol
from dynstudy.statistics.labelled_cells import cells_asked_for
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.series import NamedSeries
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec

WINDOWS = ((3_000, 10_000), (10_000, 30_000))
"""Steps, from the first to before the second, over which λ̄η/2 is said."""

CURVATURE, EDGE = "curvature", "edge"


@dataclass(frozen=True)
class TrainingCurves:
    """Static cells of a study along their training."""

    spec: StudySpec
    frame: pd.DataFrame
    """Rows of `PANEL`, how many ``networks`` the cell has and how many of them ``diverged``, the
    ``quantity`` (`LOSS`; `CURVATURE`, λ̄; `EDGE`, λ̄η/2 in `WINDOWS`), ``from_step`` and ``to_step``,
    over which it is a mean (the second not among them), and ``mean`` and ``sem`` over the
    ``replicates`` of which it was read."""

    def cells(self) -> list[dict[str, Any]]:
        """Return a row for each cell: what it is in `WINDOWS`, and the last mean of its loss."""
        rows = []
        for axes, of_cell in self.frame.groupby(PANEL, sort=False):
            row = dict(zip(PANEL, axes, strict=True))
            for each in of_cell[of_cell.quantity == EDGE].itertuples():
                name = f"edge_{each.from_step}_to_{each.to_step}"
                row |= {name: or_none(each.mean), f"{name}_sem": or_none(each.sem)}
            losses = of_cell[of_cell.quantity == LOSS].to_dict("records")
            last = losses[-1] if losses else {"mean": np.nan, "sem": np.nan}
            row |= {"last_loss": or_none(last["mean"]), "last_loss_sem": or_none(last["sem"])}
            counts = ("networks", "diverged")
            rows.append(row | {count: int(of_cell[count].iloc[0]) for count in counts})
        return rows


def training_curves(storage: Storage, name: str) -> TrainingCurves:
    """Return loss and λ̄ along training of the static losses of a study.

    Args:
        storage: where it is.
        name: of the study.

    Returns:
        The static cells that have networks, by loss, width and learning rate.

    Raises:
        DynstudyError: the study is no map, reads no loss or eigenvalues, or has no network of which
            they were read.
    """
    study = storage.study(name)
    spec = storage.spec(study)
    if not spec.on_grid:
        raise DynstudyError(f"study {name!r} is {with_article(spec.title)}; figure 1 needs a map")
    read = series_asked(spec.protocol)
    if not {EIGENVALUES, LOSS}.issubset(read):
        lacks = "loss" if EIGENVALUES in read else "curvature"
        raise DynstudyError(
            f"study {name!r} reads no {lacks} along training; figure 1 needs loss = true and "
            "records in [protocol.curvature], as in `dynstudy init fig1`"
        )
    ledger = ledger_of(storage.engine, spec)
    static = [cell for cell in spec.cells(study) if cell.configuration.static]
    if not static:
        raise DynstudyError(f"study {name!r} trains no static loss, which figure 1 shows")
    cells = cells_asked_for(ledger, static, spec)
    networks = ledger.networks((cell.configuration for cell in cells), (EIGENVALUES, LOSS))
    rows: list[dict[str, Any]] = []
    for cell in sorted(
        cells, key=lambda cell: [getattr(cell.configuration, axis) for axis in PANEL]
    ):
        of_cell = networks[cell.configuration]
        trained = [
            (diverged_at, named)
            for diverged_at, named in (of_cell[seed] for seed in cell.seeds if seed in of_cell)
            if diverged_at is not None or {EIGENVALUES, LOSS} <= named.keys()
        ]
        if trained:
            whole = [named for diverged_at, named in trained if diverged_at is None]
            counts = {"networks": len(trained), "diverged": len(trained) - len(whole)}
            axes = {axis: getattr(cell.configuration, axis) for axis in PANEL}
            protocol = spec.protocol.at(cell.configuration.learning_rate)
            rows += [
                axes | counts | row
                for row in _of_cell(protocol, cell.configuration.learning_rate, whole)
            ]
    if not rows:
        raise DynstudyError(
            f"study {name!r} has no trained cell of a static loss yet; run it first"
        )
    frame = pd.DataFrame(rows)
    if (frame.networks == frame.diverged).all():
        raise DynstudyError(
            f"study {name!r}: all networks of static losses diverged; a smaller learning rate may "
            "leave curves to draw"
        )
    return TrainingCurves(spec, frame)


def _of_cell(
    protocol: Protocol, learning_rate: float, networks: Sequence[NamedSeries]
) -> Iterator[dict[str, Any]]:
    """The rows of the networks of a cell, none of which diverged."""
    ends = loss_steps(protocol)
    sums = np.array([_at(named, LOSS, ends) for named in networks]).reshape(-1, len(ends))
    for span, losses in zip(
        zip((0, *ends), ends, strict=False), mean_losses(ends, sums).T, strict=True
    ):
        yield from _row(LOSS, span, losses)
    steps = np.array(record_steps(protocol))
    largest = np.array([_at(named, EIGENVALUES, steps) for named in networks])
    largest = largest.reshape(-1, len(steps))
    first = pairs(steps)
    means = (largest[:, first] + largest[:, first + 1]) / 2
    for step, of_pair in zip(steps[first].tolist(), means.T, strict=True):
        yield from _row(CURVATURE, (step, step + 2), of_pair)
    for window in WINDOWS:
        within = (steps[first] >= window[0]) & (steps[first] < window[1])
        if window[1] > protocol.training_steps or not within.any():
            of_networks = np.empty(0)
        else:
            of_networks = means[:, within].mean(axis=1) * learning_rate / 2
        yield from _row(EDGE, window, of_networks, always=True)


def _at(named: NamedSeries, name: str, steps: Iterable[int]) -> list[float]:
    """The first number of a series at some steps; nan where it was not read."""
    read = dict(zip(named[name].steps, named[name].values[:, 0].tolist(), strict=True))
    return [read.get(step, np.nan) for step in steps]


def _row(
    quantity: str, span: tuple[int, int], values: Array, always: bool = False
) -> Iterator[dict[str, Any]]:
    """A row over the networks that have a value, if any has, or `always`."""
    there = values[np.isfinite(values)]
    if len(there) or always:
        names = {"quantity": quantity, "from_step": span[0], "to_step": span[1]}
        numbers = {"mean": mean(there), "sem": standard_error(there)}
        yield names | numbers | {"replicates": len(there)}
