"""Means over networks, and what is left of one; what a cell forgot, beside a static loss."""

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.traces import ClassCurves, forgetting_rows
from dynstudy.statistics.baseline import Baseline


def test_means_are_over_networks_and_then_over_classes() -> None:
    rows = [
        {"seed": seed, "step": 10, "set": subset, "class": label, "accuracy": accuracy}
        for seed, accuracies in enumerate([(0.2, 0.4), (0.6, 0.6)])
        for label, accuracy in enumerate(accuracies)
        for subset in ("train", "validation")
    ]
    curves = ClassCurves.of(pd.DataFrame(rows), ["accuracy"])
    at = "validation", 0, 10
    assert curves.mean.accuracy[at] == pytest.approx(0.4)
    assert curves.error.accuracy[at] == pytest.approx(0.2)
    assert curves.accuracy.to_dict() == {10: pytest.approx(0.45)}
    alone = ClassCurves.of(pd.DataFrame(rows[:4]), ["accuracy"])
    assert alone.mean.accuracy[at] == 0.2
    assert np.isnan(alone.error.accuracy[at])


class KnownBaseline:
    """A static loss of which only lasting forgetting was read, and only at one period."""

    def measure(self, name: str, period: int) -> np.ndarray:
        return np.array([0.1, 0.3]) if (name, period) == ("lasting", 10) else np.empty(0)


def rows_of(kinds: dict[str, np.ndarray], period: int) -> list[dict[str, Any]]:
    return forgetting_rows(kinds, cast("Baseline", KnownBaseline()), period)


def test_the_static_loss_is_taken_off() -> None:
    lasting = np.array([0.5, np.nan, 0.7, 0.9])
    (row,) = rows_of({"lasting": lasting}, 10)
    assert (row["kind"], row["networks"]) == ("lasting", 3)
    assert (row["mean"], row["static"], row["net"]) == pytest.approx((0.7, 0.2, 0.5))
    assert row["sem"] == pytest.approx(0.2 / np.sqrt(3))
    assert row["net_sem"] == pytest.approx(np.hypot(row["sem"], row["static_sem"]))


def test_what_is_not_defined_is_none() -> None:
    (row,) = rows_of({"lasting": np.array([0.5])}, 20)
    assert (row["mean"], row["networks"]) == (0.5, 1)
    assert [row[name] for name in ("sem", "static", "static_sem", "net", "net_sem")] == [None] * 5
    (row,) = rows_of({"forgetting": np.array([np.nan])}, 10)
    assert (row["networks"], row["mean"]) == (0, None)
