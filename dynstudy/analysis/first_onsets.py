"""How curved the landscape is where instabilities set in: figure 4 of the paper, in numbers.

λ̄ at a network's first onset is the mean of λ1 there and a step later, and so is the finite
difference along its vector. A network with λ̄ ≥ 2/η at its very start is *born unstable*, one
without an onset is *censored*. Means are over the networks that were born stable and had an onset:
they are conditional on one. Where many are censored they say what the curvature is of those that
became unstable, not of all; so all are counted, beside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.arrays import Array
from dynstudy.config import cell_name
from dynstudy.errors import DynstudyError
from dynstudy.measure.records import EIGENVALUES, ONSETS, SERIES_COLUMNS, series_asked
from dynstudy.statistics.columns import AXES, names
from dynstudy.statistics.labelled_cells import cells_asked_for
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.series import NamedSeries, ReadNetwork
from dynstudy.store.studies import Storage

WITH_ONSET, CENSORED, BORN, DIVERGED = COUNTS = (
    "with_onset",
    "censored",
    "born_unstable",
    "diverged",
)
"""What networks come to; each counts as one of these."""

CONDITIONAL = (
    "means are over the networks that had an onset and were not born unstable: conditional on an "
    "onset within their steps"
)


@dataclass(frozen=True)
class FirstOnsets:
    """Cells of some studies, and what networks were at their first onsets."""

    studies: tuple[str, ...]
    frame: pd.DataFrame
    """A row for each cell with networks: its axes, ``networks`` and of them `COUNTS`; means of λ̄
    and the finite difference in units of 2/η (``curvature_edge``, ``finite_difference_edge``) and
    as they are (``curvature``, ``finite_difference``), each with its standard error (``…_sem``);
    the mean step ``first_onset``, networks of whose start nothing was read (``start_unread``), and
    its ``study``."""
    notes: tuple[str, ...]  # that a reader has to know


def first_onsets(storage: Storage, studies: Sequence[str]) -> FirstOnsets:
    """Return the curvature at the first onsets of instabilities, cell by cell.

    Args:
        storage: where the studies are.
        studies: their names; cells of all of them stand together.

    Returns:
        Their cells, by loss, width, learning rate, amplitude and period.

    Raises:
        DynstudyError: a study does not watch for onsets, has no trained network, none that had an
            onset, or a cell that another has.
    """
    tables, planned = zip(
        *(_of_study(storage, each) for each in dict.fromkeys(studies)), strict=True
    )
    frame = pd.concat(tables, ignore_index=True)
    _check_once(frame)
    frame = frame.sort_values(names(AXES), ignore_index=True)
    return FirstOnsets(tuple(dict.fromkeys(studies)), frame, tuple(_notes(frame, sum(planned))))


def _of_study(storage: Storage, name: str) -> tuple[pd.DataFrame, int]:
    """The rows of one study, and how many networks it is to have in all."""
    study = storage.study(name)
    spec = storage.spec(study)
    if ONSETS not in series_asked(spec.protocol):
        raise DynstudyError(
            f"study {name!r} does not watch for onsets of instabilities; a study file with a table "
            "[protocol.curvature], as `dynstudy init fig4-dce` writes one, does"
        )
    ledger = ledger_of(storage.engine, spec)
    cells = cells_asked_for(ledger, spec.cells(study), spec)
    networks = ledger.networks((cell.configuration for cell in cells), (ONSETS, EIGENVALUES))
    rows = []
    for cell in cells:
        of_cell = networks[cell.configuration]
        watched = [of_cell[seed] for seed in cell.seeds if ONSETS in of_cell.get(seed, (0, ()))[1]]
        if watched:
            read = _of_networks(watched, cell.configuration.learning_rate)
            rows.append(asdict(cell.configuration) | read | {"study": name})
    if not rows:
        raise DynstudyError(f"study {name!r} has no network whose onsets were read; run it first")
    frame = pd.DataFrame(rows).astype({"amplitude": float, "period": float})  # nan where static
    if not frame[WITH_ONSET].any():
        counts = ", ".join(f"{frame[each].sum()} {_said(each)}" for each in COUNTS[1:])
        stable = frame[CENSORED].sum() > frame.networks.sum() / 2
        way = "a larger learning rate or more steps" if stable else "a smaller learning rate"
        raise DynstudyError(
            f"study {name!r}: none of its {frame.networks.sum()} networks had an onset and was not "
            f"born unstable ({counts}); {way} may give some"
        )
    return frame, sum(cell.replicates for cell in cells)


def _check_once(frame: pd.DataFrame) -> None:
    """Refuse a cell that two studies have, since its networks would count twice."""
    for _, rows in frame.groupby(names(AXES), dropna=False):
        if len(rows) > 1:
            raise DynstudyError(
                f"{' and '.join(rows.study)}: both have {cell_name(next(rows.itertuples()))}, "
                "which counts once; name one of them"
            )


def _of_networks(networks: Sequence[ReadNetwork], learning_rate: float) -> dict[str, Any]:
    """What the networks of a cell, each with its series of onsets, were at their first onsets."""
    edge = 2 / learning_rate
    series = [named for _, named in networks]
    at, start = _read(series), np.array([_at_start(named) for named in series])
    born = start >= edge
    curvature, finite = (
        (at[f"{name}_before"] + at[f"{name}_after"]) / 2 for name in ("lambda_1", "finite_1")
    )
    onset = np.isfinite(at["first"])
    came = onset & np.isfinite(curvature) & ~born
    beyond = np.array([step is not None for step, _ in networks]) | onset  # its numbers overflowed
    diverged = beyond & ~came & ~born
    return {
        "networks": len(networks),
        WITH_ONSET: int(came.sum()),
        CENSORED: int((~came & ~born & ~diverged).sum()),
        BORN: int(born.sum()),
        DIVERGED: int(diverged.sum()),
        **_with_error("curvature_edge", curvature[came] / edge),
        **_with_error("finite_difference_edge", finite[came] / edge),
        **_with_error("curvature", curvature[came]),
        **_with_error("finite_difference", finite[came]),
        "first_onset": _mean(at["first"][came]),
        "start_unread": int(np.isnan(start).sum()),
    }


def _read(series: Sequence[NamedSeries]) -> dict[str, Array]:
    """What was read of the onsets of R networks, (R,) each."""
    rows = np.array([named[ONSETS].values[-1] for named in series], float)
    return dict(zip(SERIES_COLUMNS[ONSETS], rows.T, strict=True))


def _at_start(named: NamedSeries) -> float:
    """λ̄ of the steps 0 and 1; nan where it was not read."""
    if EIGENVALUES not in named or named[EIGENVALUES].steps[:2] != (0, 1):
        return np.nan
    return float(named[EIGENVALUES].values[:2, 0].mean())


def _with_error(name: str, values: Array) -> dict[str, float]:
    """Mean and standard error over the networks that have one."""
    values = values[np.isfinite(values)]
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return {name: _mean(values), f"{name}_sem": error}


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else np.nan


def _notes(frame: pd.DataFrame, planned: int) -> Iterator[str]:
    yield CONDITIONAL
    networks = int(frame.networks.sum())
    counts = ", ".join(f"{frame[each].sum()} {_said(each)}" for each in COUNTS)
    yield f"of {networks} networks {counts}"
    if planned > networks:
        yield f"{planned - networks} of {planned} networks are not trained yet"
    if unread := int(frame.start_unread.sum()):
        yield (
            f"of {unread} networks it was not read whether they were born unstable; records = [0] "
            "in [protocol.curvature] reads it"
        )


def _said(count: str) -> str:
    """A count's name in a sentence."""
    return count.replace("_", " ")
