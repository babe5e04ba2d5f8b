"""What comes first in a passage is what every step says; shares and lags of planted ones."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks import bifurcations
from benchmarks.bifurcations import Networks, Passage, comparison, passages
from dynstudy.measure.periods import local_periods
from dynstudy.train import Curvature, Data, train
from tests.conftest import make_data

SMALL = Networks(30.0, [2, 5], period=400, switches=2, width=12)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Data:
    monkeypatch.setattr(bifurcations, "RATE", 3.0)
    monkeypatch.setattr(bifurcations, "RESAMPLES", 20)
    monkeypatch.setattr(bifurcations, "EVERY", 5)
    return make_data(points=20)


@pytest.mark.long
def test_a_passage_is_what_every_step_says(small: Data) -> None:
    said: list[str] = []
    rows = passages(SMALL, small, said.append)
    assert [(row.seed, row.switch) for row in rows] == [(2, 1), (2, 2), (5, 1), (5, 2)]
    assert len(said) == 3
    ensemble = SMALL.ensemble
    assert ensemble.steps == 1000
    steps = tuple(range(200, 1000))
    outcome = train(
        ensemble, small, backend="cpu", checkpoints=[1], trace=True, curvature=Curvature(steps, 2)
    )
    for row in rows:
        b, begins = SMALL.seeds.index(row.seed), 200 + 400 * (row.switch - 1)
        periods = local_periods(outcome.losses[b])[begins : begins + 400]

        def first(there: "np.ndarray", begins: int = begins, apart: int = 1) -> int | None:
            return begins + apart * int(np.argmax(there)) if there.any() else None

        assert row.period2 == first(periods > 1)
        assert row.period4 == first((periods == 4) | (periods == 8))
        assert row.aperiodic == first(periods == 0)
        second = outcome.spectra.values[b, :, 1][begins - 200 :][:401]
        pairs = np.stack([second[:400:5], second[1:401:5]])
        assert row.second == first(pairs.max(0) >= 2 / 3, apart=5)
        assert row.second_both == first(pairs.min(0) >= 2 / 3, apart=5)
        assert row.second_mean == first(pairs.mean(0) >= 2 / 3, apart=5)
        assert row.multiplier is None or periods[row.multiplier - begins] != 1
        assert (row.multiplier is not None) >= (row.lowest < -1)
        if row.period4 is not None:
            assert row.cycle_steps == (periods[: row.period4 - begins] == 2).sum()
    assert any(row.period2 is not None for row in rows)
    assert any(row.multiplier is not None for row in rows)


def planted() -> pd.DataFrame:
    """Of five passages four are on a 2-cycle: two double 10 steps after the multiplier passes."""
    nothing = dict.fromkeys(("second_mean", "second_both", "aperiodic"))
    rows = [
        Passage(50.0, 0, 1, period2=100, period4=510, second=300, multiplier=500, lowest=-1.1,
                cycle_steps=400, **nothing),
        Passage(50.0, 0, 2, period2=100, period4=None, second=400, multiplier=None, lowest=-0.9,
                cycle_steps=300, **nothing),
        Passage(50.0, 1, 1, period2=100, period4=610, second=560, multiplier=600, lowest=-1.2,
                cycle_steps=500, **nothing),
        Passage(70.0, 0, 1, period2=100, period4=None, second=None, multiplier=200, lowest=-1.2,
                cycle_steps=300, **nothing),
        Passage(70.0, 0, 2, period2=None, period4=None, second=None, multiplier=None,
                lowest=np.nan, cycle_steps=0, **nothing),
    ]  # fmt: skip
    return pd.DataFrame([asdict(row) for row in rows]).astype(float)


def test_shares_and_steps_between() -> None:
    second, mean, _, multiplier, chance = comparison(planted())
    assert all(row["passages"] == 4 and row["with period 4"] == 2 for row in (second, multiplier))
    assert (second["with it"], multiplier["with it"], mean["with it"]) == (3, 3, 0)
    within, of_those = "then period 4 within 100 steps", "of those, event within 100 steps"
    for row, shares in ((second, (0.33, 0.67, 0.5)), (multiplier, (0.67, 0.67, 1.0))):
        columns = within, "then period 4 in the passage", of_those
        assert [float(str(row[column]).split()[0]) for column in columns] == list(shares)
    assert str(second["steps from it to period 4"]).startswith("+130 [")
    assert second["quartiles"] == "+90 to +170"
    assert str(multiplier["steps from it to period 4"]).startswith("+10 [")
    assert chance[within] == "0.13"  # 200 of 1500


def test_the_command_writes_a_row_per_passage(
    small: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bifurcations, "AMPLITUDES", (30.0,))
    monkeypatch.setattr(bifurcations, "Networks", lambda a, seeds: Networks(a, seeds, 400, 1, 5))
    path = tmp_path / "b.csv"
    done = CliRunner().invoke(
        bifurcations.app, ["--networks", "2", "--out", str(path), "--format", "json"]
    )
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)) == 5
    written = pd.read_csv(path)
    assert list(written) == list(Passage.__annotations__)
    assert written[["amplitude", "seed", "switch"]].to_numpy().tolist() == [[30, 0, 1], [30, 1, 1]]
