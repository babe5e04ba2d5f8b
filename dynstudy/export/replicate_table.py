"""A whole study as a file for other programs: one row per replicate."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from dynstudy.config import Cell
from dynstudy.errors import ExportError
from dynstudy.export.cube import labelled_cube
from dynstudy.export.words import FileFormat
from dynstudy.measure.accuracy import mean
from dynstudy.measure.measures import MEASURES, PINNED, added, net_names
from dynstudy.statistics import columns
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.columns import Column, names, raw_of, static_of, typed
from dynstudy.statistics.labelled_cells import cells_asked_for
from dynstudy.store.ledger import Ledger
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.studies import Storage
from dynstudy.study.tried import finished

COLUMNS = (
    Column("trial", "", "number of its cell's trial in the study", "Int64"),
    *columns.AXES,
    Column("seed", "", "of the parameters drawn", "Int64"),
    *(columns.of_network(MEASURES[name]) for name in PINNED),
    Column("diverged_at", "steps", "when it diverged; empty where it stayed finite", "Int64"),
    columns.LEDGER_CONFIGURATION,
    *columns.RAW,
    *columns.STATIC,
    columns.NOISE,
    *map(columns.of_network, added()),
)
"""A row is a network."""

AXES = names(columns.AXES)
NUMBERS = {column.name for column in COLUMNS if column.dtype == "float64"} | {"diverged_at"}
VARIABLES = [name for name in names(COLUMNS) if name in NUMBERS - {*AXES}]

LIBRARIES = {FileFormat.parquet: "pyarrow", FileFormat.netcdf: "xarray"}
"""Of extras that are called as the formats are."""


def check_library(form: FileFormat) -> None:
    """Find out before anything is computed whether what writes a format is installed."""
    library = LIBRARIES.get(form)
    if library is not None and find_spec(library) is None:
        raise ExportError(
            f"--format {form} needs {library}: pip install 'dynstudy[{form}]', or use --format csv"
        )


def replicates(storage: Storage, name: str) -> pd.DataFrame:
    """Every network of a study, a row each with `COLUMNS`; no row if none is trained yet."""
    study = storage.study(name)
    spec = storage.spec(study)
    ledger = ledger_of(storage.engine, spec)
    asked_for = cells_asked_for(ledger, spec.cells(study), spec)
    cells = {ledger.key(cell.configuration): cell for cell in asked_for}
    trials = finished(study)
    loaded = ledger.load(cell.configuration for cell in cells.values())
    rows = []
    for row in loaded.to_dict("records"):
        key = row["configuration"]
        cell = cells[key]
        if row["seed"] not in cell.seeds:
            continue
        network = ledger.replicate(cell.configuration, row["seed"])  # of a tile, a pixel
        rows.append(
            asdict(network.configuration)
            | {name: row[name] for name in ("diverged_at", *MEASURES)}
            | {"seed": network.seed, "trial": trials.get(cell.configuration)}
            | {"ledger_configuration": key}
        )
    frame = pd.DataFrame(rows, columns=names(COLUMNS))
    static = _static_means(ledger, asked_for, spec.baseline_seeds)
    for name in net_names():
        frame[raw_of(name)] = frame[name].astype(float)
        frame[static_of(name)] = frame.ledger_configuration.map(static[name])
        frame[name] = frame[raw_of(name)] - frame[static_of(name)].astype(float)
    return typed(frame, COLUMNS).sort_values(["trial", *AXES, "seed"], ignore_index=True)


def _static_means(
    ledger: Ledger, cells: Sequence[Cell], seeds: range
) -> dict[str, dict[str, float]]:
    """What is taken off each measure, by the keys of the cells that are dynamical."""
    baseline = cache(lambda static: Baseline(ledger, static, seeds))
    return {
        name: {
            ledger.key(of): mean(baseline(of.baseline()).measure(name, of.period))
            for of in (cell.configuration for cell in cells)
            if of.period is not None
        }
        for name in net_names()
    }


def write_replicates(
    frame: pd.DataFrame,
    form: FileFormat,
    path: Path,
    name: str,
    variables: Sequence[str] = VARIABLES,
    along: Sequence[str] = ("seed",),
) -> None:
    """Write the networks of a study, from `replicates`, or their series.

    A row is told from others by its axes and what is `along` them; NetCDF has the `variables`.

    Raises:
        ExportError: there is none.
    """
    if not len(frame):
        raise ExportError(f"study {name!r} has no trained network yet; run it first")
    if form is FileFormat.csv:
        frame.to_csv(path, index=False, lineterminator="\n")
    elif form is FileFormat.parquet:
        frame.to_parquet(path, index=False)
    else:
        cube = labelled_cube(frame, variables, along).assign_attrs(study=name)
        cube.to_netcdf(path, engine="scipy")
