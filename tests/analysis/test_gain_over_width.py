"""Gains of sides over width, as the comparison's rows have them."""

from dynstudy.analysis.comparison import side_by_side
from dynstudy.analysis.gain_over_width import GAIN, GainCurve
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker, plant

SPACE = {"learning_rate": 1.0, "amplitude": 3, "period": 10, "width": [5, 9]}


def test_gains_are_over_matched_cells_or_of_the_only_one(
    storage: Storage, make_spec: SpecMaker
) -> None:
    plant(storage, make_spec(replicates=6, space=SPACE))
    plant(storage, make_spec(name="other", replicates=6, space=SPACE | {"width": [9, 20]}))
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
    plant(storage, make_spec(space=SPACE | {"amplitude": [3, 30], "width": 5}))
    plant(storage, make_spec(name="other", space=SPACE | {"amplitude": [4, 40], "width": 5}))
    assert GainCurve.of(side_by_side(storage, ["small", "other"])) == []


def test_one_replicate_has_a_gain_without_interval(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec(loss=["dce", "dmse1"], replicates=1, space=SPACE))
    for curve in GainCurve.of(side_by_side(storage, ["small"])):
        assert curve.gains.gain.notna().all()
        assert curve.gains[["gain_low", "gain_high"]].isna().all(axis=None)
        assert len(curve.gains) == 2
