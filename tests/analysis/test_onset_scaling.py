"""Laws and curves of panels whose exponents are known."""

from typing import Any

import pytest

from dynstudy.analysis.onset_laws import (
    EXPONENTS,
    NOT_REJECTED,
    ONE_EXPONENT,
    ONE_VARIABLE,
    OWN,
    REJECTED,
)
from dynstudy.analysis.onset_scaling import ONE_CURVE, OWN_CURVES, Scaling, fit_panels
from dynstudy.report.across_studies import short_scaling
from tests.analysis.planted_onsets import planted


@pytest.fixture(autouse=True)
def _draws_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a fit of all curves: intervals are somewhat coarser, and cases as clear."""
    monkeypatch.setattr("dynstudy.analysis.onset_scaling.DRAWS", 30)


def at(scaling: Scaling, model: str, panels: int | None = None) -> dict[str, Any]:
    rows = [row for row in scaling.rows if row["model"] == model]
    return next(row for row in rows if panels is None or row["panels"] == panels)


def test_one_variable_serves_panels_that_share_it() -> None:
    panels = [planted(0.5, rate, c=-0.7, a=2.0) for rate in (0.3, 1.0, 3.0)]
    laws = fit_panels("dce", panels)
    assert [row["model"] for row in laws.rows] == [
        OWN, OWN, OWN, OWN, ONE_EXPONENT, ONE_VARIABLE, OWN_CURVES, ONE_CURVE
    ]  # fmt: skip
    for model in (ONE_EXPONENT, ONE_VARIABLE):
        assert at(laws, model)["says"] == NOT_REJECTED
    for name, true in zip(EXPONENTS, (0.5, -0.7), strict=False):
        row = at(laws, ONE_VARIABLE)
        assert row[f"{name}_low"] <= true <= row[f"{name}_high"]
        # a spline of few pieces shifts exponents by up to 0.02: see docs/scaling.md
        assert at(laws, ONE_CURVE)[name] == pytest.approx(true, abs=0.05)
    assert at(laws, ONE_VARIABLE)["width_exponent"] is None  # one width tells nothing of it
    curve = at(laws, ONE_CURVE)
    assert curve["explained"] > 0.95
    assert curve["noise"] > curve["explained"]
    assert abs(curve["lost"]) < 0.02
    assert at(laws, OWN, 3)["networks"] == 3 * 63 * 10


def test_none_serves_panels_of_different_exponents() -> None:
    panels = [planted(0.3, 0.3, a=2.0), planted(0.6, 1.0), planted(0.9, 3.0, a=0.0)]
    laws = fit_panels("dce", panels)
    assert at(laws, ONE_EXPONENT)["says"] == REJECTED
    curve = at(laws, ONE_CURVE)
    assert curve["says"] == REJECTED
    assert curve["lost_low"] > 0.02
    assert at(laws, OWN_CURVES)["explained"] > 0.95


def test_no_power_of_the_rate_serves_onsets_that_rise_and_fall_with_it() -> None:
    panels = [planted(0.5, rate, a=a) for rate, a in ((0.3, 1.5), (1.0, 3.0), (3.0, 1.5))]
    laws = fit_panels("dce", panels)
    assert at(laws, ONE_EXPONENT)["says"] == NOT_REJECTED
    assert at(laws, ONE_VARIABLE)["says"] == REJECTED
    assert at(laws, ONE_CURVE)["says"] == REJECTED


def test_widths_that_move_with_the_rate_are_not_told_apart() -> None:
    laws = fit_panels("dce", [planted(0.5, 1.0, width=20), planted(0.5, 3.0, width=50)])
    law = at(laws, ONE_VARIABLE)
    assert law["rate_exponent_low"] < 0 < law["rate_exponent_high"]  # there is none
    assert law["width_exponent"] is None


def test_a_panel_that_hardly_forgets_has_no_law_but_a_curve() -> None:
    laws = fit_panels("dce", [planted(0.5)], level=0.9)
    law, curve = laws.rows
    assert law["says"] == "no fit: 0 of 7 onsets lie inside the map"
    assert law["above"] == 7
    assert law["period_exponent"] is None
    assert curve["model"] == OWN_CURVES
    assert curve["period_exponent"] == pytest.approx(0.5, abs=0.05)
    assert short_scaling([laws])[0]["onsets"] == "0 of 7"
