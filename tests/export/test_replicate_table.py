"""A whole study as a file for other programs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import xarray as xr

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import Configuration
from dynstudy.export.replicate_table import check_library, replicates, write_replicates
from dynstudy.export.words import FileFormat
from dynstudy.measure.forgetting import forgetting
from dynstudy.measure.measures import net_names
from dynstudy.measure.window import forgetting_window
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from tests.planted import Planted, SearchMaker, SpecMaker


def test_a_whole_study_is_a_row_per_network_in_every_format(
    studied: Storage, tmp_path: Path
) -> None:
    frame = replicates(studied, "small")
    assert len(frame) == 2 * 12 + 8 * 3
    spec = studied.spec(studied.study("small"))
    ledger = Ledger(studied.engine, spec.protocol)
    for form in FileFormat:
        if not form.whole_study:
            continue
        check_library(form)
        write_replicates(frame, form, tmp_path / f"all.{form}", "small")
    text = pd.read_csv(tmp_path / "all.csv")
    columns = pd.read_parquet(tmp_path / "all.parquet")
    cube = xr.open_dataset(tmp_path / "all.netcdf", engine="scipy")
    for trial in studied.study("small").trials:
        for read in (frame, text, columns):
            rows = read[read.trial == trial.number]
            assert rows.val_accuracy.mean() == pytest.approx(trial.value)
        c = Configuration(**trial.params)
        cell = cube.val_accuracy.sel(
            loss=c.loss,
            width=c.width,
            amplitude=c.amplitude or 1,
            period=c.period or 0,
            learning_rate=1.0,
        )
        assert float(cell.mean()) == pytest.approx(trial.value)
    cube.close()
    assert set(frame.ledger_configuration) == {
        ledger.key(cell.configuration) for cell in spec.grid_cells()
    }


def test_a_search_has_no_cube_but_an_axis_of_configurations(
    storage: Storage, make_search: SearchMaker, tmp_path: Path
) -> None:
    dynstudy.run(make_search(), storage=storage)
    frame = replicates(storage, "search")
    write_replicates(frame, FileFormat.netcdf, tmp_path / "all.nc", "search")
    cube = xr.open_dataset(tmp_path / "all.nc", engine="scipy")
    assert dict(cube.sizes) == {"configuration": 8, "seed": 2}
    first = frame.iloc[0]
    same = (cube.width == first.width) & (cube.period == first.period)
    values = cube.val_accuracy.where(same, drop=True).sel(seed=first.seed)
    assert first.val_accuracy in values.to_numpy()
    cube.close()


AXES = ["loss", "width", "learning_rate", "amplitude", "period"]


@pytest.mark.parametrize("name", net_names())
def test_a_measure_that_is_net_is_so_in_networks_as_in_cells(studied: Storage, name: str) -> None:
    """And the two that it is the difference of stand beside it."""
    networks = replicates(studied, "small")
    dynamical = networks[networks.amplitude.notna()]
    assert len(dynamical)
    means = dynamical.groupby(AXES)[[name, f"raw_{name}", f"static_{name}"]].mean()
    frame = regime_map(studied, "small").frame
    for row in frame[frame.amplitude.notna()].to_dict("records"):
        net, raw, static = means.loc[tuple(row[axis] for axis in AXES)]
        assert net == pytest.approx(row[name])
        assert static == pytest.approx(row[f"static_{name}"])
        assert raw - static == pytest.approx(net)
    with studied.engine.connect() as connection:
        query = f"SELECT configuration, seed, {name} FROM dynstudy_replicate"
        recorded = {(key, seed): value for key, seed, value in connection.exec_driver_sql(query)}
    for row in networks.to_dict("records"):
        value = recorded[row["ledger_configuration"], row["seed"]]
        assert row[f"raw_{name}"] == pytest.approx(np.nan if value is None else value, nan_ok=True)


def test_what_is_taken_off_is_the_static_loss_read_at_the_same_steps(studied: Storage) -> None:
    spec = studied.spec(studied.study("small"))
    ledger = Ledger(studied.engine, spec.protocol)
    frame = regime_map(studied, "small").frame
    row = frame[(frame.width == 5) & (frame.period == 10)].iloc[0]
    readings = ledger.readings(Configuration("ce", 5, 1.0), range(12))
    span = forgetting_window(spec.protocol, 10)
    middle, end = (readings.at(steps).validation_accuracy for steps in (span.middles, span.ends))
    lost, missing = forgetting(middle, end, span.first)
    assert row.static_forgetting == pytest.approx(lost.mean())
    assert row.static_unrecovered == pytest.approx(missing.mean())


@pytest.fixture
def sparse(storage: Storage, make_spec: SpecMaker) -> Storage:
    """A static study: no amplitude, no period, no forgetting, nothing that diverged."""
    space = {"learning_rate": 1.0, "width": [5]}
    planted = Planted(storage, make_spec(loss="ce", replicates=1, space=space))
    planted.put(planted.cell(), [0.5, 0.25])
    return storage


def test_types_in_parquet_do_not_depend_on_the_values(
    studied: Storage, sparse: Storage, tmp_path: Path
) -> None:
    schemas = []
    for storage in (studied, sparse):
        write_replicates(replicates(storage, "small"), FileFormat.parquet, tmp_path / "p", "small")
        schema = pyarrow.parquet.read_schema(tmp_path / "p")
        schemas.append({
            name: str(kind) for name, kind in zip(schema.names, schema.types, strict=True)
        })
    full, empty = schemas
    assert empty == full
    assert "null" not in empty.values()
    assert (empty["forgetting"], empty["amplitude"], empty["period"]) == (
        "double",
        "double",
        "int64",
    )
    back = pd.read_parquet(tmp_path / "p")
    assert back.val_accuracy.tolist() == [0.5, 0.25]
    assert back[["trial", "period", "forgetting", "diverged_at"]].isna().all(axis=None)


def test_types_in_netcdf_do_not_depend_on_the_values(
    studied: Storage, sparse: Storage, tmp_path: Path
) -> None:
    kinds = []
    for storage in (studied, sparse):
        write_replicates(replicates(storage, "small"), FileFormat.netcdf, tmp_path / "n", "small")
        with xr.open_dataset(tmp_path / "n", engine="scipy") as cube:
            kinds.append({name: variable.dtype.kind for name, variable in cube.variables.items()})
    full, empty = kinds
    assert empty == full
    assert empty["forgetting"] == "f"


def test_whole_numbers_are_written_as_such_beside_gaps(studied: Storage, tmp_path: Path) -> None:
    frame = replicates(studied, "small")
    assert frame.period.isna().any()
    assert frame.period.notna().any()
    write_replicates(frame, FileFormat.csv, tmp_path / "c", "small")
    lines = [line.split(",") for line in (tmp_path / "c").read_text().splitlines()]
    for name in ("trial", "width", "period", "seed", "diverged_at"):
        column = {line[lines[0].index(name)] for line in lines[1:]}
        assert all(value == "" or value.isdecimal() for value in column), name
