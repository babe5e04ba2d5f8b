"""Means over networks, and what is left of one."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.class_curves import ClassCurves


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
