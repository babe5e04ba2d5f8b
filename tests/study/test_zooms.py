"""A part of an atlas as an atlas: its ends, its pixels, and what is no part."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.errors import SpecError
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.zooms import nearer, part, repeated_values
from tests.planted_atlas import ATLAS, small_atlas


def ends(atlas: AtlasSpec, axis: str) -> tuple[float, float]:
    """Of an axis of an atlas."""
    (its,) = (each.range for each in atlas.axes if each.name == axis)
    return its.low, its.high


def test_a_part_is_the_same_but_for_its_name_its_ends_and_where_it_is_from() -> None:
    whole = small_atlas(seed=7)
    zoom = part(whole, {"amplitude": (8.5, 20)}, "near")
    changed = {"name": "near", "zoom_of": "atlas"}
    space = {**whole.resolved()["space"], "amplitude": {"low": 8.5, "high": 20.0, "log": True}}
    assert zoom.resolved() == whole.resolved() | changed | {"space": space}


def test_a_part_may_have_other_pixels_and_another_draw() -> None:
    whole = small_atlas()
    assert whole.seed == "pixel"
    zoom = part(whole, {"period": (10, 20)}, "near", pixels=(3, 5), seed=4)
    assert (zoom.pixels, zoom.seed) == ((3, 5), 4)
    assert (zoom.replicates, zoom.baseline_replicates) == (1, 1)
    back = part(zoom, {"period": (10, 15)}, "nearer", seed="pixel")
    assert (back.replicates, back.baseline_replicates) == (9, 36)


def test_static_networks_that_were_asked_for_stay() -> None:
    whole = small_atlas(baseline_replicates=100)
    assert part(whole, {"period": (10, 20)}, "near").baseline_replicates == 100


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"amplitude": (0.5, 20)}, "amplitude 0.5:20: atlas reaches from 2 to 200"),
        ({"amplitude": (8, 200.5)}, "amplitude 8:200.5: atlas reaches from 2 to 200"),
        ({"amplitude": (8, 8)}, "amplitude 8:8: holds nothing"),
        ({"amplitude": (9, 8)}, "amplitude 9:8: holds nothing"),
        ({"amplitude": (math.nan, 8)}, "amplitude nan:8: holds nothing"),
        ({"amplitude": (8, 8 + 2e-15)}, "holds no two numbers of 15 digits"),
        ({"period": (20.1, 21.9)}, "period 20.1:21.9: holds no two whole numbers"),
        ({"period": (20, 20.9)}, "period 20:20.9: holds no two whole numbers"),
        ({"learning_rate": (1, 2)}, "learning rate: is no axis of atlas; its axes are amplitude"),
        ({"epochs": (1, 2)}, "epochs: is no axis of atlas; its axes are amplitude and period"),
    ],
)
def test_what_is_no_part_is_said(bounds: dict[str, tuple[float, float]], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        part(small_atlas(), bounds, "near")


def test_any_axis_may_be_zoomed() -> None:
    space = {"amplitude": 30, "period": 10, "width": {"low": 2, "high": 9, "log": False}}
    space |= {"learning_rate": 1.0, "noise": {"low": 0.0, "high": 0.5, "log": False}}
    whole = small_atlas(space=space)
    zoom = part(whole, {"width": (3, 5), "noise": (0.125, 0.25)}, "near")
    assert [axis.name for axis in zoom.axes] == ["width", "noise"]
    assert (ends(zoom, "width"), ends(zoom, "noise")) == ((3, 5), (0.125, 0.25))
    assert nearer(whole, {"noise": 0.1}, 5) == {"noise": (pytest.approx(0.08), pytest.approx(0.18))}


def test_whole_numbers_are_those_between() -> None:
    assert ends(part(small_atlas(), {"period": (19.2, 21.9)}, "near"), "period") == (20, 21)


@given(
    share=st.floats(0, 1),
    factor=st.floats(1.5, 20),
    low=st.floats(1, 100),
    ratio=st.floats(1.1, 1e3),
    log=st.booleans(),
)
def test_a_point_stays_where_it_is_in_the_picture(
    share: float, factor: float, low: float, ratio: float, log: bool
) -> None:
    """Its share of the way along an axis, in what the axis is even in, is the same in the part."""
    axis = {"low": low, "high": low * ratio, "log": log}
    atlas = small_atlas(space={**ATLAS["space"], "amplitude": axis})
    along, back = (np.log, np.exp) if log else (np.asarray, np.asarray)
    first, last = float(along(low)), float(along(low * ratio))
    value = float(np.clip(back(first + share * (last - first)), low, low * ratio))
    zoom = part(atlas, nearer(atlas, {"amplitude": value}, factor), "near")
    a, b = (float(along(end)) for end in ends(zoom, "amplitude"))
    assert low <= zoom.space.amplitude.low < zoom.space.amplitude.high <= low * ratio
    assert b - a == pytest.approx((last - first) / factor, rel=1e-9, abs=1e-12)
    assert (float(along(value)) - a) / (b - a) == pytest.approx(share, abs=1e-9)
    assert ends(zoom, "period") == (10, 40)


def test_a_point_has_to_be_within() -> None:
    with pytest.raises(
        SpecError, match="amplitude = 201: is outside atlas, which reaches from 2 t"
    ):
        nearer(small_atlas(), {"amplitude": 201}, 2)
    with pytest.raises(SpecError, match="width: is no axis of atlas"):
        nearer(small_atlas(), {"width": 3}, 2)


@pytest.mark.parametrize(
    ("seed", "said"),
    [("pixel", "replicates"), (3, "one network, which is shown wide")],
)
def test_pixels_that_share_a_value_are_said(seed: Any, said: str) -> None:
    zoom = part(small_atlas(seed=seed), {"period": (20, 22)}, "near")
    assert list(repeated_values(zoom)) == [
        f"period: 4 pixels have 3 values; those that share one are {said}"
    ]
    assert list(repeated_values(part(small_atlas(seed=seed), {"period": (10, 30)}, "near"))) == []


@pytest.mark.parametrize(("dtype", "told_apart"), [("float32", False), ("float64", True)])
def test_values_that_training_cannot_tell_apart_are_said(dtype: str, told_apart: bool) -> None:
    whole = small_atlas(protocol=ATLAS["protocol"] | {"dtype": dtype})
    zoom = part(whole, {"amplitude": (8, 8.000001)}, "near")
    said = list(repeated_values(zoom))
    assert len(said) == (0 if told_apart else 1)
    assert all("are the same number in float32" in line for line in said)
