"""What curvature costs: ratios within a round, and a peer that finds the same eigenvalues."""

import numpy as np
import pytest

from dynstudy.bench.curvature import by_eigsh, costs, looked_at, measure, networks
from dynstudy.bench.measure import Settings
from dynstudy.measure.records import pairs_per_decade
from tests.conftest import make_data


def test_costs_are_ratios_within_a_round() -> None:
    # the machine is ten times slower in the second round: no ratio notices
    speeds = {
        "looks": [40.0, 4.0, 50.0],
        "steps": [800.0, 80.0, 800.0],
        "onsets": [400.0, 40.0, 800.0],
        "climbs": [200.0, 20.0, 200.0],
        "eigsh": [2.0, 0.2, 1.0],
    }
    rows = {row.quantity: row for row in costs(100, speeds)}
    assert rows["λ1 and λ2 / step"].median == 20
    assert rows["λ1 and λ2, cpu / eigsh"].max == 50
    assert rows["step, onsets watched / not"].median == 2
    assert rows["step, uphill counted / not"].median == 4
    records = len(pairs_per_decade(100_000, 12))
    assert rows["12 pairs a decade / 100000 steps"].median == pytest.approx(20 * records / 1e5)
    assert {row.width for row in rows.values()} == {100}


def test_scipy_finds_the_same_eigenvalues() -> None:
    ensemble, data = networks(9, 200), make_data()
    find, there = looked_at(ensemble, data)
    np.testing.assert_allclose(by_eigsh(ensemble, data, there), find().values[0], rtol=3e-3)


def test_a_measurement_says_how_good_the_eigenvalues_were() -> None:
    settings = Settings(widths=(5,), rounds=1, seconds=0.001)
    measurement = measure(settings, lambda _: None)
    assert [row.width for row in measurement.rows] == [5] * 6
    (note,) = measurement.notes
    assert note.startswith("curvature at width 5: residuals at most ")


def test_other_backends_are_not_measured() -> None:
    settings = Settings(widths=(5,), rounds=1, seconds=0.001, backends=("autograd",))
    measurement = measure(settings, lambda _: None)
    assert measurement.rows == []
    assert measurement.notes == ["curvature: measured of the backend cpu alone"]


def test_on_a_card_what_the_kernel_does_is_measured() -> None:
    speeds = {"looks": [2.0], "steps": [40.0], "onsets": [20.0]}
    rows = {row.quantity: row.median for row in costs(100, speeds)}
    assert rows["λ1 and λ2 / step"] == 20
    assert rows["step, onsets watched / not"] == 2
    assert len(rows) == 4


def test_without_a_card_it_is_left_out_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    measurement = measure(Settings(widths=(5,), device="cuda"), lambda _: None)
    assert measurement.rows == []
    (note,) = measurement.notes
    assert note.startswith("curvature: left out, backend 'gpu:0' cannot run")
