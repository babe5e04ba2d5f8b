"""Laws and curves of panels whose exponents are known."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.onset_laws import (
    EXPONENTS,
    NOT_REJECTED,
    ONE_EXPONENT,
    ONE_VARIABLE,
    OWN,
    REJECTED,
    law_band,
    own_law,
)
from dynstudy.analysis.onset_scaling import ONE_CURVE, OWN_CURVES, Scaling, fit_panels
from dynstudy.analysis.onsets import ForgettingPanel, Onsets, forgetting_panels, onsets
from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.report.onset_scaling_files import short_rows, write_scaling
from dynstudy.statistics.outcomes import Outcomes
from tests.planted import SpecMaker

AMPLITUDES = np.geomspace(10, 3000, 9)
PERIODS = np.geomspace(30, 3000, 7).round()


def planted_onsets(seed: int, b: float, sd: float, a: float = 1.5) -> Onsets:
    """Onsets that scatter about e^a T^b, as the grid shows them."""
    noise = np.random.default_rng(seed).normal(0, sd, len(PERIODS))
    true = np.exp(a + b * np.log(PERIODS) + noise)
    ends = np.r_[0, AMPLITUDES, np.inf]
    place = np.searchsorted(AMPLITUDES, true)
    return Onsets(PERIODS, ends[place], ends[place + 1])


@pytest.mark.parametrize(
    ("b", "sd"),
    [
        (0.5, 0.15),
        pytest.param(0.5, 0.3, marks=pytest.mark.long),
        pytest.param(0.9, 0.3, marks=pytest.mark.long),
    ],
)
def test_intervals_hold_planted_exponents_as_often_as_they_claim(b: float, sd: float) -> None:
    held, found = [], []
    for seed in range(50):
        law, row = own_law(planted_onsets(seed, b, sd, a=0.5))
        assert law is not None
        held.append(row["period_exponent_low"] <= b <= row["period_exponent_high"])
        found.append(row["period_exponent"])
    assert np.mean(held) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 50)
    assert np.mean(found) == pytest.approx(b, abs=0.08)


def test_the_band_of_a_law_holds_it_and_is_narrowest_inside() -> None:
    place = planted_onsets(0, 0.6, 0.2)
    law, row = own_law(place)
    assert law is not None
    at = np.array([30.0, 300, 3000])
    middle, low, high = law_band(place, law, at)
    assert middle == pytest.approx(row["factor"] * at ** row["period_exponent"])
    assert (low < middle).all()
    assert (middle < high).all()
    assert (high / low)[1] < min((high / low)[[0, 2]])


def forgetting(distance: np.ndarray) -> np.ndarray:
    """Along log A - log A*, 0.4 at the onset."""
    return 0.1 + 0.6 / (1 + np.exp(-3 * distance))


def planted(
    b: float, rate: float = 1.0, c: float = 0.0, width: int = 20, a: float = 1.5, seed: int = 0
) -> ForgettingPanel:
    """A panel that forgets from A* = e^a T^b η^c on."""
    place = np.log([(x, t) for x in AMPLITUDES for t in PERIODS])
    true = forgetting(place[:, 0] - a - b * place[:, 1] - c * math.log(rate))
    rng = np.random.default_rng([seed, int(10 * rate), width])
    samples = [rng.normal(mean, 0.08, 10) for mean in true]
    return ForgettingPanel(
        "planted", "dce", width, rate, Outcomes(place, samples), np.full(len(true), 1e-4)
    )


def at(found: Scaling, model: str, panels: int | None = None) -> dict[str, Any]:
    rows = [row for row in found.rows if row["model"] == model]
    return next(row for row in rows if panels is None or row["panels"] == panels)


def test_onsets_lie_between_the_tested_amplitudes_on_both_sides_of_the_truth() -> None:
    place = onsets(planted(0.5), 0.4)
    true = np.exp(1.5) * place.period**0.5
    assert (place.low < true).all()
    assert (true <= place.high).all()
    assert place.inside == len(PERIODS)
    # the largest amplitude that remembers counts, whatever happens below it
    panel = planted(0.5)
    panel.cells.samples[0][:] = 0.9
    assert (onsets(panel, 0.4).low == place.low).all()
    assert (onsets(panel, 0.05).low == 0).all()
    assert np.isinf(onsets(panel, 0.95).high).all()


def test_one_variable_serves_panels_that_share_it() -> None:
    own = [planted(0.5, rate, c=-0.7, a=2.0) for rate in (0.3, 1.0, 3.0)]
    found = fit_panels("dce", own)
    assert [row["model"] for row in found.rows] == [
        OWN, OWN, OWN, OWN, ONE_EXPONENT, ONE_VARIABLE, OWN_CURVES, ONE_CURVE
    ]  # fmt: skip
    for model in (ONE_EXPONENT, ONE_VARIABLE):
        assert at(found, model)["says"] == NOT_REJECTED
    for name, true in zip(EXPONENTS, (0.5, -0.7), strict=False):
        row = at(found, ONE_VARIABLE)
        assert row[f"{name}_low"] <= true <= row[f"{name}_high"]
        # a spline of few pieces shifts exponents by up to 0.02: see docs/scaling.md
        assert at(found, ONE_CURVE)[name] == pytest.approx(true, abs=0.05)
    assert at(found, ONE_VARIABLE)["width_exponent"] is None  # one width tells nothing of it
    curve = at(found, ONE_CURVE)
    assert curve["explained"] > 0.95
    assert curve["noise"] > curve["explained"]
    assert abs(curve["lost"]) < 0.02
    assert at(found, OWN, 3)["networks"] == 3 * 63 * 10


def test_none_serves_panels_of_different_exponents() -> None:
    own = [planted(0.3, 0.3, a=2.0), planted(0.6, 1.0), planted(0.9, 3.0, a=0.0)]
    found = fit_panels("dce", own)
    assert at(found, ONE_EXPONENT)["says"] == REJECTED
    curve = at(found, ONE_CURVE)
    assert curve["says"] == REJECTED
    assert curve["lost_low"] > 0.02
    assert at(found, OWN_CURVES)["explained"] > 0.95


def test_no_power_of_the_rate_serves_onsets_that_rise_and_fall_with_it() -> None:
    own = [planted(0.5, rate, a=a) for rate, a in ((0.3, 1.5), (1.0, 3.0), (3.0, 1.5))]
    found = fit_panels("dce", own)
    assert at(found, ONE_EXPONENT)["says"] == NOT_REJECTED
    assert at(found, ONE_VARIABLE)["says"] == REJECTED
    assert at(found, ONE_CURVE)["says"] == REJECTED


def test_widths_that_move_with_the_rate_are_not_told_apart() -> None:
    found = fit_panels("dce", [planted(0.5, 1.0, width=20), planted(0.5, 3.0, width=50)])
    assert at(found, ONE_VARIABLE)["rate_exponent"] is not None
    assert at(found, ONE_VARIABLE)["width_exponent"] is None


def test_a_panel_that_hardly_forgets_has_no_law_but_a_curve() -> None:
    found = fit_panels("dce", [planted(0.5)], level=0.9)
    law, curve = found.rows
    assert law["says"] == "no fit: 0 of 7 onsets lie inside the map"
    assert law["above"] == 7
    assert law["period_exponent"] is None
    assert curve["model"] == OWN_CURVES
    assert curve["period_exponent"] == pytest.approx(0.5, abs=0.05)
    assert short_rows([found])[0]["onsets"] == "0 of 7"


def test_files(tmp_path: Path) -> None:
    own = [planted(0.5, 1.0), planted(0.5, 3.0), planted(0.5, 3.0, width=50, a=-2)]
    written = write_scaling([fit_panels("dce", own)], 0.4, tmp_path / "new")
    assert [path.name for path in written] == [
        "scaling-onsets.png", "scaling-collapse.png", "scaling.csv", "scaling-onsets.csv"
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written[:2])
    table = pd.read_csv(written[3])
    assert len(table) == 3 * len(PERIODS)
    below = table[table.amplitude_low.isna()]
    assert set(below.width) == {50}
    assert (below.amplitude_high == 10).all()
    assert len(pd.read_csv(written[2])) == 8


def test_panels_of_a_map_hold_the_net_forgetting(make_spec: SpecMaker) -> None:
    rng = np.random.default_rng(0)
    shared = {"loss": "dce", "width": 5, "learning_rate": 1.0, "replicates": 4}
    lost = [rng.normal(0.5, 0.1, 4), np.r_[rng.normal(0.3, 0.1, 3), np.nan], np.full(4, np.nan)]
    frame = pd.DataFrame([
        shared
        | {"amplitude": 3.0 + k, "period": 10.0, "regime": "useful"}
        | {"forgetting": float(np.nanmean(own)) - 0.1 if k < 2 else np.nan}
        | {"forgetting_sem": float(np.sqrt(np.nanvar(own, ddof=1) / (4 - k) + 0.0004)) if k < 2
           else np.nan}
        for k, own in enumerate(lost)
    ])  # fmt: skip
    (panel,) = forgetting_panels(RegimeMap(make_spec(), frame, [], [], lost))
    assert panel.cells.means() == pytest.approx([lost[0].mean() - 0.1, lost[1][:3].mean() - 0.1])
    assert panel.static == pytest.approx([0.0004, 0.0004])
    assert panel.networks == 7
    # a period's cells share the error of the static loss
    drawn = panel.resampled(4000, rng)
    assert np.cov(drawn.T)[0, 1] == pytest.approx(0.0004, rel=0.25)
