"""Two studies side by side, from ledgers with chosen outcomes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dynstudy.analysis.study_differences import study_differences
from dynstudy.config import Cell
from dynstudy.errors import DynstudyError
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from tests.planted import Planted, SpecMaker


def plant(storage: Storage, spec: MapSpec, accuracy: Callable[[Cell], float]) -> None:
    planted = Planted(storage, spec)
    for cell in spec.grid_cells():
        spread = 0.01 * (np.arange(cell.replicates) - (cell.replicates - 1) / 2)
        planted.put(cell, (accuracy(cell) + spread).tolist())


def rows(storage: Storage, part: str, **options: int) -> list[dict[str, Any]]:
    differences = study_differences(storage, "small", "other", **options)
    return [row for row in differences if row["part"] == part]


def test_files_sizes_gains_and_shared_configurations(
    storage: Storage, make_spec: SpecMaker
) -> None:
    # `other` trains twice as long, on one amplitude of `small` and another one
    space = {"learning_rate": 1.0, "amplitude": [30, 90], "period": [10, 30], "width": 5}
    protocol = {**make_spec().protocol.model_dump(), "steps": 400}
    plant(storage, make_spec(), lambda cell: 0.5 + 0.001 * (cell.configuration.amplitude or 0))
    plant(
        storage,
        make_spec(name="other", space=space, protocol=protocol),
        lambda cell: 0.6 + 0.002 * (cell.configuration.period or 0),
    )

    assert [(row["key"], row["a"], row["b"]) for row in rows(storage, "study file")] == [
        ("name", "small", "other"),
        ("protocol.steps", 200, 400),
        ("space.amplitude", [3.0, 30.0], [30.0, 90.0]),
    ]
    assert [(row["key"], row["a"], row["b"]) for row in rows(storage, "size")] == [
        ("configurations", 5, 5),
        ("configurations in both", 3, 3),  # A = 30 at two periods, and the baseline
        ("networks", 16, 16),
        ("networks in both", 0, 0),  # of another protocol
        ("dynamical ones trained in both", 2, 2),
        ("of these, unequal in mean accuracy", 2, 2),
    ]
    gain, where = rows(storage, "largest gain")
    assert gain["key"] == "dce, width 5"
    assert (gain["a"], gain["b"]) == (pytest.approx(0.03), pytest.approx(0.06))
    # of 2 replicates 0.01 apart, and of 8 baselines in steps of 0.01
    cell, static = 0.005, 0.01 * np.sqrt(6 / 8)
    assert gain["a_sem"] == pytest.approx(np.hypot(cell, static))
    assert where["b"] == "learning rate 1, A = 30, T = 30"

    short, long = sorted(rows(storage, "accuracy"), key=lambda row: row["b"])
    assert short["key"] == "dce, width 5, learning rate 1, A = 30, T = 10"
    assert (short["a"], short["b"]) == (pytest.approx(0.53), pytest.approx(0.62))
    assert (long["b"], long["b_sem"]) == (pytest.approx(0.66), pytest.approx(cell))
    # the one that differs most comes first
    (first,) = rows(storage, "accuracy", top=1)
    assert first == long


def test_what_is_not_trained_yet_is_not_compared(storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    storage.open_study(make_spec(name="other", replicates=1))
    differences = list(study_differences(storage, "small", "other"))
    assert {row["part"] for row in differences} == {"study file", "size"}
    assert [(row["a"], row["b"]) for row in differences[-2:]] == [(0, 0), (0, 0)]


def test_studies_without_a_dynamical_loss_have_differences(
    storage: Storage, make_spec: SpecMaker
) -> None:
    plant(storage, make_spec(loss="mse"), lambda _: 0.5)
    plant(storage, make_spec(name="other", loss=["ce", "mse"]), lambda _: 0.5)
    keys = {row["key"]: (row["a"], row["b"]) for row in rows(storage, "study file")}
    assert keys == {"name": ("small", "other"), "loss": (["mse"], ["ce", "mse"])}
    assert rows(storage, "largest gain") == rows(storage, "accuracy") == []


def test_a_study_has_no_differences_to_itself(storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    with pytest.raises(DynstudyError, match="'small' is named twice"):
        list(study_differences(storage, "small", "small"))


def test_more_replicates_share_the_fewer(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec(replicates=3), lambda _: 0.5)
    storage.open_study(make_spec(name="other", replicates=1))
    sizes = {row["key"]: row["b"] for row in rows(storage, "size")}
    assert sizes["networks"] == sizes["networks in both"] == 4 + 4
