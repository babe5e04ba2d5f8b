"""What networks that were followed along training say: means by class, and what they forgot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.arrays import Array
from dynstudy.measure.accuracy import mean, or_none, standard_error
from dynstudy.measure.measure import POINTS
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.two_samples import Difference, Moments


@dataclass(frozen=True)
class ClassCurves:
    """One network or several, by set, class and step."""

    mean: pd.DataFrame  # a column per measure
    error: pd.DataFrame  # standard errors; nan of one network
    accuracy: "pd.Series[float]"  # of all classes together on the validation set, by step

    @classmethod
    def of(cls, frame: pd.DataFrame, measures: Sequence[str]) -> "ClassCurves":
        """From a row per network, step, set and class; accuracy is one of the measures."""
        groups = frame.groupby(["set", "class", "step"])[list(measures)]
        mean = groups.mean()
        by_class = mean.accuracy["validation"].unstack("class")
        if POINTS not in frame:
            return cls(mean, groups.sem(), by_class.mean(axis="columns"))
        points = frame[frame["set"] == "validation"].groupby("class")[POINTS].first()
        return cls(mean, groups.sem(), by_class @ (points / points.sum()))


def forgetting_rows(
    kinds: Mapping[str, Array], baseline: Baseline, period: int
) -> list[dict[str, Any]]:
    """Means with errors of each kind: of the cell, the static loss, and their difference."""
    rows = []
    for kind, values in kinds.items():
        of_cell, static = values[np.isfinite(values)], baseline.measure(kind, period)
        net = Difference.between(Moments.of([of_cell]), Moments.of([static]))
        numbers = {
            "mean": mean(of_cell),
            "sem": standard_error(of_cell),
            "static": mean(static),
            "static_sem": standard_error(static),
            "net": net.estimate[0],
            "net_sem": net.standard_error[0],
        }
        rows.append(
            {"kind": kind, "networks": int(of_cell.size)}
            | {name: or_none(value) for name, value in numbers.items()}
        )
    return rows
