"""Loss and curvature along the training of static losses: figure 1 of the paper, in numbers.

λ̄ is the mean of λ1 over the two steps of a record, the loss a mean over the steps from one record
to the next. Networks that diverged have neither, and are counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.arrays import Array
from dynstudy.errors import DynstudyError
from dynstudy.measure.accuracy import mean, or_none, standard_error
from dynstudy.measure.records import EIGENVALUES, LOSS, loss_steps, mean_losses, pairs, record_steps
from dynstudy.protocol import Protocol
from dynstudy.statistics.labelled_cells import cells_asked_for
from dynstudy.store.ledger import Ledger
from dynstudy.store.series import NamedSeries
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec

WINDOWS = ((3_000, 10_000), (10_000, 30_000))
"""Steps, from the first to before the second, over which λ̄η/2 is said."""

CURVATURE = "curvature"
AXES = ("loss", "width", "learning_rate")


@dataclass(frozen=True)
class TrainingCurves:
    """Static cells of a study along their training."""

    spec: StudySpec
    curves: pd.DataFrame
    """Rows of `AXES`, ``quantity`` (`LOSS` or `CURVATURE`), ``from_step`` and ``to_step``, over
    which it is a mean (the second not among them), ``mean`` and ``sem`` over ``replicates``."""
    cells: list[dict[str, Any]]
    """Of each cell its `AXES`, λ̄η/2 with its standard error in each of `WINDOWS`, the last mean of
    the loss with its own, how many networks were read, and how many of these diverged."""


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
    asked = spec.protocol.curvature
    if not spec.on_grid:
        raise DynstudyError(f"study {name!r} is a {spec.title}; figure 1 needs a map")
    if asked is None or not asked.loss or asked.records == ():
        lacks = "curvature" if asked is None or asked.records == () else "loss"
        raise DynstudyError(
            f"study {name!r} reads no {lacks} along training; figure 1 needs loss = true and "
            "records in [protocol.curvature], as in `dynstudy init fig1`"
        )
    ledger = Ledger(storage.engine, spec.protocol)
    static = [cell for cell in spec.cells(study) if cell.configuration.static]
    cells = cells_asked_for(ledger, static, spec)
    networks = ledger.networks((cell.configuration for cell in cells), (EIGENVALUES, LOSS))
    curves, summaries = [], []
    for cell in sorted(cells, key=lambda cell: [getattr(cell.configuration, a) for a in AXES]):
        of_cell = networks[cell.configuration]
        read = [of_cell[seed] for seed in cell.seeds if seed in of_cell]
        read = [
            (end, named)
            for end, named in read
            if end is not None or {EIGENVALUES, LOSS} <= named.keys()
        ]
        if not read:
            continue
        whole = [named for end, named in read if end is None]
        rate = cell.configuration.learning_rate
        protocol = spec.protocol.at(rate)
        axes = {axis: value for axis, value in asdict(cell.configuration).items() if axis in AXES}
        spans, of_spans = _losses(protocol, whole)
        steps, of_pairs = _curvature(protocol, whole)
        curves += [axes | row for row in _rows(LOSS, spans, of_spans)]
        curves += [axes | row for row in _rows(CURVATURE, [(k, k + 2) for k in steps], of_pairs)]
        summaries.append({
            **axes,
            **_in_windows(protocol, steps, of_pairs * rate / 2),
            **_with_error("last_loss", of_spans[:, -1]),
            "replicates": len(read),
            "diverged": len(read) - len(whole),
        })
    if not summaries:
        raise DynstudyError(
            f"study {name!r} has no trained cell of a static loss yet; run it first"
        )
    if not curves:
        raise DynstudyError(
            f"study {name!r}: all networks of static losses diverged; a smaller learning rate may "
            "leave curves to draw"
        )
    return TrainingCurves(spec, pd.DataFrame(curves), summaries)


def _losses(
    protocol: Protocol, networks: Sequence[NamedSeries]
) -> tuple[list[tuple[int, int]], Array]:
    """Spans of steps, and the mean loss of each network in each of them (R, L)."""
    steps = loss_steps(protocol)
    sums = np.array([_at(named, LOSS, steps) for named in networks]).reshape(-1, len(steps))
    return list(zip((0, *steps), steps, strict=False)), mean_losses(steps, sums)


def _curvature(protocol: Protocol, networks: Sequence[NamedSeries]) -> tuple[list[int], Array]:
    """The first steps of pairs, and λ̄ of each network at each of them (R, J)."""
    steps = record_steps(protocol)
    values = np.array([_at(named, EIGENVALUES, steps) for named in networks]).reshape(
        -1, len(steps)
    )
    first = pairs(steps)
    return np.array(steps)[first].tolist(), (values[:, first] + values[:, first + 1]) / 2


def _at(named: NamedSeries, name: str, steps: Sequence[int]) -> list[float]:
    """The first number of a series at some steps; nan where it was not read."""
    read = dict(zip(named[name].steps, named[name].values[:, 0].tolist(), strict=True))
    return [read.get(step, np.nan) for step in steps]


def _rows(
    quantity: str, spans: Sequence[tuple[int, int]], values: Array
) -> Iterator[dict[str, Any]]:
    """A row for each span that a network has: mean and standard error over them."""
    for (first, last), column in zip(spans, values.T, strict=True):
        there = column[np.isfinite(column)]
        if len(there):
            span = {"quantity": quantity, "from_step": first, "to_step": last}
            numbers = {"mean": mean(there), "sem": standard_error(there)}
            yield span | numbers | {"replicates": len(there)}


def _in_windows(
    protocol: Protocol, steps: Sequence[int], of_pairs: Array
) -> dict[str, float | None]:
    """Return λ̄η/2 in each of `WINDOWS`: of a network over its pairs there, then of all networks.

    None where training ends within it.
    """
    numbers: dict[str, float | None] = {}
    for first, last in WINDOWS:
        read = of_pairs[:, [first <= step < last <= protocol.training_steps for step in steps]]
        of_networks = read.mean(axis=1) if read.size else np.empty(0)
        numbers |= _with_error(f"edge_{first}_to_{last}", of_networks)
    return numbers


def _with_error(name: str, values: Array) -> dict[str, float | None]:
    """Mean and standard error over the networks that have one; None where there are too few."""
    there = values[np.isfinite(values)]
    return {name: or_none(mean(there)), f"{name}_sem": or_none(standard_error(there))}
