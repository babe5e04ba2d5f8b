"""A whole study as a file for other programs: one row per replicate, or a cube."""

from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dynstudy.errors import ExportError
from dynstudy.export.words import FileFormat
from dynstudy.measure.measures import MEASURES, PINNED, added
from dynstudy.statistics import columns
from dynstudy.statistics.columns import Column, names
from dynstudy.statistics.labelled_cells import cells_asked_for
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.study.tried import finished

if TYPE_CHECKING:
    import xarray as xr

COLUMNS = (
    Column("trial", "", "number of its cell's trial in the study"),
    *columns.AXES,
    Column("seed", "", "of the parameters drawn"),
    *(columns.of_network(MEASURES[name]) for name in PINNED),
    Column("diverged_at", "steps", "when it diverged; empty where it stayed finite"),
    columns.LEDGER_CONFIGURATION,
    *map(columns.of_network, added()),
)
"""A row is a network."""

AXES = names(columns.AXES)
VARIABLES = [*PINNED, "diverged_at", *(measure.name for measure in added())]

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
    """Every network of a study, a row each with `COLUMNS`; `ExportError` if none is trained yet."""
    study = storage.study(name)
    spec = storage.spec(study)
    ledger = Ledger(storage.engine, spec.protocol)
    asked_for = cells_asked_for(ledger, spec.cells(study), spec)
    cells = {ledger.key(cell.configuration): cell for cell in asked_for}
    trials = finished(study)
    loaded = ledger.load(cell.configuration for cell in cells.values())
    rows = [
        asdict(cell.configuration)
        | {name: row[name] for name in ("seed", *VARIABLES)}
        | {"trial": trials.get(cell.configuration), "ledger_configuration": row["configuration"]}
        for row in loaded.to_dict("records")
        for cell in [cells[row["configuration"]]]
        if row["seed"] in cell.seeds
    ]
    if not rows:
        raise ExportError(f"study {name!r} has no trained network yet; run it first")
    frame = pd.DataFrame(rows, columns=names(COLUMNS))
    whole = dict.fromkeys(("trial", "period", "diverged_at"), "Int64")
    order = ["trial", *AXES, "seed"]
    return frame.astype(whole).sort_values(order, ignore_index=True)


def write_replicates(frame: pd.DataFrame, form: FileFormat, path: Path, name: str) -> None:
    """Write the networks of a study, from `replicates`."""
    if form is FileFormat.csv:
        frame.to_csv(path, index=False, lineterminator="\n")
    elif form is FileFormat.parquet:
        frame.to_parquet(path, index=False)
    else:
        to_cube(frame, name).to_netcdf(path, engine="scipy")


def to_cube(frame: pd.DataFrame, name: str) -> "xr.Dataset":
    """Measures over (loss, width, learning rate, A, T, seed), nan where there is no network."""
    # A = 1 and T = 0 where static
    whole = frame.astype({"amplitude": float}).fillna({"amplitude": 1.0, "period": 0})
    integers = dict.fromkeys(("width", "period", "seed"), "int32")
    whole = whole.astype(integers | dict.fromkeys(VARIABLES, float))
    cells = whole[AXES].drop_duplicates()
    if whole[AXES].nunique().prod() <= 4 * len(cells):
        cube = whole.set_index([*AXES, "seed"])[VARIABLES].to_xarray()
    else:  # a search, which would make a cube of holes: over (configuration, seed)
        cells = cells.reset_index(drop=True)
        numbered = whole.merge(cells.reset_index(names="configuration"), on=AXES)
        cube = numbered.set_index(["configuration", "seed"])[VARIABLES].to_xarray()
        cube = cube.assign_coords({
            axis: ("configuration", cells[axis].to_numpy()) for axis in AXES
        }).assign_coords(configuration=cube.configuration.astype("int32"))
    cube.attrs["study"] = name
    return cube
