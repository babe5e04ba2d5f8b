"""A whole study as a file for other programs."""

from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

import dynstudy
from dynstudy.export.replicate_table import check_library, replicates, write_replicates
from dynstudy.export.words import FileFormat
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from tests.planted import SearchMaker


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
        p = trial.params
        cell = cube.val_accuracy.sel(
            loss=p["loss"],
            width=p["width"],
            amplitude=p.get("amplitude", 1),
            period=p.get("period", 0),
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
