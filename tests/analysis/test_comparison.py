"""Losses and studies beside each other, from ledgers with chosen outcomes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from dynstudy.analysis.comparison import GAIN, GainCurve, side_by_side
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import Cell
from dynstudy.errors import DynstudyError
from dynstudy.report.across_studies import write_comparison
from dynstudy.statistics.two_samples import Difference, Moments
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from tests.planted import Planted, SpecMaker
from tests.planted import plant as plant_small

SPACE = {"learning_rate": 1.0, "amplitude": 3, "period": 10, "width": [5, 9]}
LONGER = {"steps": 400, "tail": 50, "data": {"points_per_class": 20}}


def accuracies(cell: Cell, shift: float = 0.0) -> np.ndarray:
    """Outcomes that depend on the cell, so that no two have the same variance."""
    configuration = cell.configuration
    level = (
        (configuration.amplitude or 0)
        + (configuration.period or 0)
        + (7 if configuration.loss == "dmse2" else 0)
    )
    rng = np.random.default_rng(int(level))
    return rng.normal(0.5 + shift + 0.001 * level, 0.02, cell.replicates)


def plant(storage: Storage, spec: MapSpec, shift: float = 0.0) -> dict[str, np.ndarray]:
    planted = Planted(storage, spec)
    outcomes = {}
    for cell in spec.grid_cells():
        values = accuracies(cell, shift)
        planted.put(cell, values.tolist())
        configuration = cell.configuration
        outcomes[f"{configuration.loss} {configuration.amplitude} {configuration.period}"] = values
    return outcomes


def at(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    (row,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return row


def interval(row: dict[str, Any], name: str) -> list[float]:
    return [row[name], row[f"{name}_low"], row[f"{name}_high"]]


def welch(first: np.ndarray, second: np.ndarray) -> list[float]:
    difference = Difference.between(Moments.of([first]), Moments.of([second]))
    low, high = difference.interval()
    return [difference.estimate[0], low[0], high[0]]


def test_two_losses_that_share_a_baseline(storage: Storage, make_spec: SpecMaker) -> None:
    outcomes = plant(storage, make_spec(loss=["dmse1", "dmse2"], replicates=6))
    compared = side_by_side(storage, ["small"])
    assert [str(side) for side in compared.sides] == ["small, dmse1", "small, dmse2"]
    row = at(compared.cells, loss="dmse2", amplitude=3, period=10)
    dmse1, dmse2 = outcomes["dmse1 3.0 10"], outcomes["dmse2 3.0 10"]
    assert interval(row, "gain") == pytest.approx(welch(dmse2, outcomes["mse None None"]))
    # the baseline is the same networks: it takes no part in the difference
    assert interval(row, "difference") == pytest.approx(welch(dmse2, dmse1))
    assert row["against"] == "small, dmse1"
    first = at(compared.cells, loss="dmse1", amplitude=3, period=10)
    assert first["against"] is None
    assert first["difference"] is None
    # how many cells forget is no forgetting
    frame = regime_map(storage, "small").frame
    for side in compared.summary:
        assert side["forgets"] == (frame[frame.loss == side["loss"]].forgets == True).sum()  # noqa: E712
        assert "forgetting" not in side

    summary = at(compared.summary, loss="dmse2")
    assert (summary["cells"], summary["matched"]) == (4, 4)
    dynamical = [row for row in compared.cells if row["loss"] == "dmse2"]
    assert summary["gain"] == pytest.approx(np.mean([row["gain"] for row in dynamical]))
    assert summary["difference"] == pytest.approx(np.mean([row["difference"] for row in dynamical]))
    # the mean of four cells, and the baseline once
    own_variances = [outcomes[name].var(ddof=1) / 6 / 16 for name in outcomes if "dmse2" in name]
    static = outcomes["mse None None"].var(ddof=1) / 24
    total = sum(own_variances) + static
    freedom = total**2 / (sum(v**2 / 5 for v in own_variances) + static**2 / 23)
    margin = stats.t.ppf(0.975, freedom) * np.sqrt(total)
    assert (summary["gain_high"] - summary["gain_low"]) / 2 == pytest.approx(margin)
    # the mean of four differences of eight independent means
    variances = [
        values.var(ddof=1) / 6 / 16 for name, values in outcomes.items() if "None" not in name
    ]
    freedom = sum(variances) ** 2 / sum(v**2 / 5 for v in variances)
    margin = stats.t.ppf(0.975, freedom) * np.sqrt(sum(variances))
    low, high = summary["difference_low"], summary["difference_high"]
    assert (high - low) / 2 == pytest.approx(margin)


def test_two_studies_of_different_protocols(storage: Storage, make_spec: SpecMaker) -> None:
    space = {"learning_rate": 1.0, "amplitude": [30, 90], "period": [10, 30], "width": [5, 9]}
    one = plant(storage, make_spec(replicates=6))
    two = plant(
        storage,
        make_spec(name="other", replicates=7, space=space, protocol=LONGER | {"schedule": "sine"}),
        shift=0.1,
    )
    compared = side_by_side(storage, ["small", "other"])
    # A = 30 at both periods of width 5 is all that both have
    assert [
        (row["width"], row["amplitude"], row["period"], row["study"]) for row in compared.cells
    ] == [
        (5, 30, 10, "small"),
        (5, 30, 10, "other"),
        (5, 30, 30, "small"),
        (5, 30, 30, "other"),
    ]
    row = at(compared.cells, study="other", period=10)
    parts = [two["dce 30.0 10"], two["ce None None"], one["dce 30.0 10"], one["ce None None"]]
    means = [values.mean() for values in parts]
    assert row["difference"] == pytest.approx(means[0] - means[1] - (means[2] - means[3]))
    # nothing is shared between protocols: all four means have errors
    error = np.sqrt(sum(values.var(ddof=1) / len(values) for values in parts))
    assert (row["difference_high"] - row["difference_low"]) / 2 > stats.norm.ppf(0.975) * error
    lone = at(compared.summary, study="other", width=9)
    assert (lone["matched"], lone["gain"], lone["difference"]) == (0, None, None)
    notes = " ".join(compared.notes)
    assert "not the same in all: protocol.steps = 200 (small), 400 (other)" in notes
    assert "not the same in all: protocol.schedule = triangle (small), sine (other)" in notes
    assert "not the same in all: replicates = 6 (small), 7 (other)" in notes
    assert "flattered" in notes
    assert "name" not in notes


def test_networks_that_both_have_take_no_part(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec(replicates=6))
    same = make_spec(name="same", replicates=6)
    more = make_spec(name="more", replicates=9)
    storage.open_study(same)
    compared = side_by_side(storage, ["small", "same"])
    row = at(compared.summary, study="same")
    assert interval(row, "difference") == [0, 0, 0]
    plant(storage, more)
    cell = at(side_by_side(storage, ["small", "more"]).cells, study="more", amplitude=3, period=10)
    low, high = cell["difference_low"], cell["difference_high"]
    assert low < cell["difference"] < high
    # by far less than the interval of the gain: most networks are the same
    assert high - low < cell["gain_high"] - cell["gain_low"]


def test_one_replicate_has_no_interval_and_nothing_trained_no_rows(
    storage: Storage, make_spec: SpecMaker, tmp_path: Path
) -> None:
    storage.open_study(make_spec(name="empty", loss=["dmse1", "dmse2"]))
    empty = side_by_side(storage, ["empty"])
    assert empty.summary == empty.cells == []
    assert any("no cell matches" in note for note in empty.notes)
    assert [path.name for path in write_comparison(empty, tmp_path)] == ["compare.png"]
    plant(storage, make_spec(loss=["dmse1", "dmse2"], replicates=1))
    first, row = side_by_side(storage, ["small"]).summary
    assert (first["loss"], row["loss"]) == ("dmse1", "dmse2")
    assert row["difference"] == pytest.approx(row["gain"] - first["gain"])
    assert row["difference_low"] is None


def test_what_cannot_be_compared_is_refused(storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    storage.open_study(make_spec(name="static", loss="mse"))
    for names, said in (
        (["small"], "has one dynamical loss, dce: name another study"),
        (["small", "small"], "is named twice"),
        (["small", "static"], "'static' has no dynamical loss.*--differences tells"),
        (["small", "smal"], "did you mean 'small'"),
    ):
        with pytest.raises(DynstudyError, match=said):
            side_by_side(storage, names)


def test_gains_are_over_matched_cells_or_of_the_only_one(
    storage: Storage, make_spec: SpecMaker
) -> None:
    plant_small(storage, make_spec(replicates=6, space=SPACE))
    plant_small(storage, make_spec(name="other", replicates=6, space=SPACE | {"width": [9, 20]}))
    compared = side_by_side(storage, ["small", "other"])
    first, second = GainCurve.of(compared)
    assert [(curve.study, curve.loss) for curve in (first, second)] == [
        ("small", "dce"), ("other", "dce")
    ]  # fmt: skip
    assert first.gains.width.tolist() == [5, 9]
    assert second.gains.width.tolist() == [9, 20]
    matched = next(row for row in compared.summary if (row["study"], row["width"]) == ("small", 9))
    assert matched["matched"] == 1
    assert first.gains.loc[1, GAIN].tolist() == [matched[name] for name in GAIN]
    # what matches nothing is as its own map has it
    lone = compared.sides[0].trained().query("width == 5").iloc[0]
    assert first.gains.loc[0, GAIN].tolist() == [lone[name] for name in GAIN]


def test_several_cells_that_match_nothing_have_none(storage: Storage, make_spec: SpecMaker) -> None:
    plant_small(storage, make_spec(space=SPACE | {"amplitude": [3, 30], "width": 5}))
    plant_small(storage, make_spec(name="other", space=SPACE | {"amplitude": [4, 40], "width": 5}))
    assert GainCurve.of(side_by_side(storage, ["small", "other"])) == []


def test_one_replicate_has_a_gain_without_interval(storage: Storage, make_spec: SpecMaker) -> None:
    plant_small(storage, make_spec(loss=["dce", "dmse1"], replicates=1, space=SPACE))
    curves = GainCurve.of(side_by_side(storage, ["small"]))
    assert len(curves) == 2
    for curve in curves:
        assert curve.gains.gain.notna().all()
        assert curve.gains[["gain_low", "gain_high"]].isna().all(axis=None)
        assert len(curve.gains) == 2
