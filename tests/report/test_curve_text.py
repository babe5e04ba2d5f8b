"""The training of one network in a few lines."""

from itertools import pairwise

import pandas as pd
import pytest

from dynstudy.report.curve_text import LINES, curve_rows


def curve(steps: int) -> pd.DataFrame:
    return pd.DataFrame([
        {
            "step": step, "set": name, "class": c,
            "accuracy": 0.1 * c + (0.5 if name == "train" else 0.0),
            "loss": float(step + c) if name == "train" else float("nan"),
        }
        for step in range(steps) for name in ("train", "validation") for c in range(3)
    ])  # fmt: skip


@pytest.mark.parametrize("steps", [1, 5, LINES, LINES + 1, 1000])
def test_few_steps_are_shown_and_the_first_and_last_among_them(steps: int) -> None:
    shown = [row["step"] for row in curve_rows(curve(steps))]
    assert (shown[0], shown[-1]) == (0, steps - 1)
    assert min(steps, LINES // 2) <= len(shown) <= LINES + 1
    apart = [after - before for before, after in pairwise(shown)]
    assert all(gap > 0 for gap in apart)
    assert len(set(apart[:-1])) <= 1  # the last may be nearer


def test_all_of_a_few_steps_are_shown() -> None:
    assert [row["step"] for row in curve_rows(curve(LINES))] == list(range(LINES))


def test_a_row_has_means_over_classes_and_each_class_of_the_validation_set() -> None:
    row = curve_rows(curve(3))[1]
    assert row == {
        "step": 1,
        "train_accuracy": pytest.approx(0.6),
        "val_accuracy": pytest.approx(0.1),
        "train_loss": pytest.approx(2.0),
        "val_accuracy_0": pytest.approx(0.0),
        "val_accuracy_1": pytest.approx(0.1),
        "val_accuracy_2": pytest.approx(0.2),
    }
