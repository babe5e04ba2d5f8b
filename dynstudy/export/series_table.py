"""What was read along the training of networks, as a table: a row for each network and step."""

from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd

from dynstudy.errors import DynstudyError
from dynstudy.measure.records import (
    EIGENVALUES,
    LOSS,
    SERIES_COLUMNS,
    eigenvalue_columns,
    mean_losses,
)
from dynstudy.statistics import columns
from dynstudy.statistics.labelled_cells import cells_asked_for
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.series import TRAIN, VALIDATION, ReadNetwork
from dynstudy.store.studies import Storage
from dynstudy.study.tried import finished
from dynstudy.task.data import AnyData

FIRST = ("trial", *columns.names(columns.AXES), "seed", "step")
"""The columns before those of the series."""


def of_networks(networks: Mapping[int, ReadNetwork], name: str, data: AnyData) -> pd.DataFrame:
    """Return a series of networks, by seed: a row for each seed and step, those without left out.

    Of points classified right, their share, a column for each class; of the loss, its mean over the
    steps from the row before, or the first of all, to this one; else the columns of
    `dynstudy.measure.records`.
    """
    points = {TRAIN: data.training_points, VALIDATION: data.validation_points}
    tables = {}
    for seed, (_, named) in networks.items():
        if name not in named:
            continue
        values = named[name].values
        if name == LOSS:
            values = mean_losses(named[name].steps, values[:, 0])[:, None]
        names: list[str] | range = range(values.shape[1])
        if name == EIGENVALUES:
            names = eigenvalue_columns(values.shape[1] // 2)
        elif name == LOSS:
            names = ["mean_loss"]  # a row's loss is what its network is trained by
        elif name in SERIES_COLUMNS:
            names = list(SERIES_COLUMNS[name])
        tables[seed] = pd.DataFrame(values / points.get(name, 1), named[name].steps, names)
    if not tables:
        return pd.DataFrame(index=pd.MultiIndex.from_tuples([], names=["seed", "step"]))
    of_all = pd.concat(tables, names=["seed", "step"])
    if name == EIGENVALUES:  # networks may have more or fewer
        of_all = of_all[eigenvalue_columns(of_all.shape[1] // 2)]
    return of_all.rename_axis(columns="class" if name in points else None)


def series_table(storage: Storage, study_name: str, name: str) -> pd.DataFrame:
    """Return a series of every network of a study, a row for each and step.

    Args:
        storage: where it is.
        study_name: the study.
        name: of the series.

    Returns:
        `FIRST`, then the columns of the series; of points classified right, ``class_0`` and so on.

    Raises:
        DynstudyError: no network has such a series; names those that there are, if there are any.
    """
    study = storage.study(study_name)
    spec = storage.spec(study)
    if spec.cells_are_tiles:
        raise DynstudyError(
            f"study {study_name!r}: an {spec.title} keeps measures of its networks and no series; "
            "leave out --series"
        )
    ledger, trials = ledger_of(storage.engine, spec), finished(study)
    cells = cells_asked_for(ledger, spec.cells(study), spec)
    of_cells = ledger.networks(cell.configuration for cell in cells)
    tables, there = [], set[str]()
    for cell in cells:
        networks = {
            seed: network
            for seed, network in sorted(of_cells[cell.configuration].items())
            if seed in cell.seeds
        }
        there.update(key for _, named in networks.values() for key in named)
        table = of_networks(networks, name, spec.protocol.data)
        if len(table):
            table = table.rename(columns=lambda key: f"class_{key}" if type(key) is int else key)
            trial = {"trial": trials.get(cell.configuration)}
            tables.append(table.reset_index().assign(**asdict(cell.configuration), **trial))
    if not tables:
        names = f"there are {', '.join(sorted(there))}" if there else "nothing is trained yet"
        raise DynstudyError(f"series {name!r}: no network has one of that name; {names}")
    whole = pd.concat(tables)
    read = [key for key in whole.columns if key not in {*FIRST, columns.NOISE.name}]
    integers = dict.fromkeys(("trial", "width", "period", "seed", "step"), "Int64")
    ordered = whole[[*FIRST, *read]].astype(integers | {"amplitude": "float64"})
    return ordered.sort_values(list(FIRST), ignore_index=True)
