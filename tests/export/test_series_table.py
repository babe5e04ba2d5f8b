"""Series of all networks of a study as tables."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray

import dynstudy
from dynstudy.config import Configuration
from dynstudy.errors import DynstudyError
from dynstudy.export.series_table import FIRST, of_networks, series_table
from dynstudy.store.ledger import Ledger
from dynstudy.store.series import Series
from dynstudy.store.studies import Storage
from tests.command import dynstudy as command
from tests.command import fails
from tests.planted import SMALL, small_map

CURVATURE = {"records": [50, 120], "eigenvalues": 2, "loss": True}


@pytest.fixture
def studied(storage: Storage) -> Storage:
    protocol = SMALL["protocol"] | {"curvature": CURVATURE}
    dynstudy.run(small_map(protocol=protocol), storage=storage, backend="cpu")
    return storage


def test_every_network_and_step_has_a_row_as_the_ledger_has_it(studied: Storage) -> None:
    spec = studied.spec(studied.study("small"))
    table = series_table(studied, "small", "eigenvalues")
    values = ["lambda_1", "lambda_2", "residual_1", "residual_2"]
    assert list(table) == [*FIRST, *values]
    assert len(table) == (8 + 4 * 2) * 4
    ledger = Ledger(studied.engine, spec.protocol)
    for cell in spec.cells_ahead():
        configuration = cell.configuration
        amplitude, period = configuration.amplitude, configuration.period
        rows = table[table.amplitude.eq(amplitude) & table.period.eq(period)]
        if configuration.static:
            rows = table[table.amplitude.isna()]
        for seed, (_, named) in ledger.networks([configuration])[configuration].items():
            of_seed = rows[rows.seed == seed]
            assert of_seed.step.tolist() == [50, 51, 120, 121]
            np.testing.assert_array_equal(of_seed[values], named["eigenvalues"].values)
    shares = series_table(studied, "small", "validation")
    last = shares[shares.step == 200].set_index(["trial", "seed"])
    networks = dynstudy.open(studied)["small"].replicates().set_index(["trial", "seed"])
    mean = last[["class_0", "class_1", "class_2"]].mean(axis=1)
    pd.testing.assert_series_equal(mean, networks.val_accuracy, check_names=False)


def test_the_loss_is_the_mean_over_the_steps_from_the_row_before(studied: Storage) -> None:
    table = series_table(studied, "small", "loss")
    assert list(table) == [*FIRST, "mean_loss"]
    assert table.step.tolist() == [50, 120, 200] * (8 + 4 * 2)
    spec = studied.spec(studied.study("small"))
    static = Configuration("ce", 5, 1.0)
    networks = Ledger(studied.engine, spec.protocol).networks([static])[static]
    of_seed = table[table.amplitude.isna() & (table.seed == 3)]
    sums = networks[3][1]["loss"].values[:, 0]
    np.testing.assert_allclose((of_seed.mean_loss * [50, 70, 80]).cumsum(), sums)
    of_cell = dynstudy.open(studied)["small"].series("loss=ce", "loss")
    np.testing.assert_array_equal(of_cell.mean_loss.loc[3], of_seed.mean_loss)


def test_from_python_the_series_of_a_cell_has_its_columns(studied: Storage) -> None:
    study = dynstudy.open(studied)["small"]
    frame = study.series("A=30,T=10", "eigenvalues")
    assert list(frame) == ["lambda_1", "lambda_2", "residual_1", "residual_2"]
    assert frame.index.names == ["seed", "step"]
    uphill = study.series("A=30,T=10", "uphill")
    share = (uphill.uphill / uphill.steps).tolist()
    networks = study.replicates().query("amplitude == 30 and period == 10")
    assert share == pytest.approx(networks.share_uphill.tolist())


def test_networks_may_have_more_or_fewer_eigenvalues() -> None:
    networks: dict[int, Any] = {
        0: (None, {"eigenvalues": Series((5, 6), np.array([[3.0, 0.1], [4.0, 0.2]]))}),
        1: (None, {"eigenvalues": Series((5,), np.array([[7.0, 6.0, 0.3, 0.4]]))}),
        2: (4, {}),
    }
    frame = of_networks(networks, "eigenvalues", small_map().protocol.data)
    assert list(frame) == ["lambda_1", "lambda_2", "residual_1", "residual_2"]
    assert frame.loc[0, 6].tolist()[::2] == [4.0, 0.2]
    assert frame.loc[0].lambda_2.isna().all()
    assert frame.loc[1, 5].tolist() == [7.0, 6.0, 0.3, 0.4]


def test_each_format_has_the_same_numbers(studied: Storage, tmp_path: Path) -> None:
    expected = series_table(studied, "small", "eigenvalues")
    given = ("export", "small", "--series", "eigenvalues", "--storage", studied.url, "--out")
    for suffix in ("csv", "parquet", "nc"):
        _, err = command(tmp_path, *given, f"e.{suffix}")
        assert f"e.{suffix}: {len(expected)} rows" in err
    read = pd.read_csv(tmp_path / "e.csv").lambda_1
    np.testing.assert_allclose(read, expected.lambda_1)
    read = pd.read_parquet(tmp_path / "e.parquet").lambda_1
    np.testing.assert_array_equal(read, expected.lambda_1)
    with xarray.open_dataset(tmp_path / "e.nc", engine="scipy") as cube:
        assert cube.sizes["step"] == 4
        values = cube.lambda_1.sel(amplitude=30, period=10).to_numpy()
    of_cell = expected[expected.amplitude.eq(30) & expected.period.eq(10)].lambda_1
    np.testing.assert_array_equal(values[np.isfinite(values)], of_cell)


def test_a_series_that_is_not_there_is_one_line(studied: Storage, tmp_path: Path) -> None:
    here = tmp_path / "empty"
    here.mkdir()
    given = ("export", "small", "--storage", studied.url, "--series")
    wrong = fails(here, *given, "losses", "--format", "csv")
    assert "there are eigenvalues, loss, onsets, train, uphill, validation" in wrong
    assert "--format csv" in fails(here, *given, "train")
    assert "series ''" in fails(here, *given, "", "--format", "csv")
    studied.open_study(small_map(name="new", protocol={"steps": 300, "tail": 50}))
    with pytest.raises(DynstudyError, match="nothing is trained yet"):
        series_table(studied, "new", "train")
