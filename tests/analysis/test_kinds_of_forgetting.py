"""A row for each kind of forgetting, from networks whose forgetting is known."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dynstudy.analysis.kinds_of_forgetting import forgetting_rows

KIND = {"forgetting": np.array([0.5, 0.7, np.nan])}


def rows(static: list[float], kinds: dict[str, np.ndarray] = KIND) -> list[dict[str, Any]]:
    baseline: Any = SimpleNamespace(measure=lambda kind, period: np.array(static))
    return forgetting_rows(kinds, baseline, 10)


def test_the_static_loss_is_taken_off_and_errors_add_in_squares() -> None:
    (row,) = rows([0.1, 0.2, 0.3])
    assert row["networks"] == 2  # those that have it
    assert row["mean"] == pytest.approx(0.6)
    assert row["sem"] == pytest.approx(0.1)
    assert row["static"] == pytest.approx(0.2)
    assert row["static_sem"] == pytest.approx(0.1 / np.sqrt(3))
    assert row["net"] == pytest.approx(0.4)
    assert row["net_sem"] == pytest.approx(np.hypot(row["sem"], row["static_sem"]))


def test_what_is_not_defined_is_absent() -> None:
    (row,) = rows([])
    assert (row["static"], row["static_sem"], row["net"], row["net_sem"]) == (None,) * 4
    assert row["mean"] == pytest.approx(0.6)
    (row,) = rows([0.1, 0.2], {"lasting": np.array([0.5])})
    assert (row["kind"], row["networks"], row["mean"], row["sem"]) == ("lasting", 1, 0.5, None)
    (row,) = rows([0.1, 0.2], {"lasting": np.array([np.nan])})
    assert (row["networks"], row["mean"], row["net"]) == (0, None, None)
