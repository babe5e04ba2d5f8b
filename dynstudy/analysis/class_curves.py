"""What is read of each class along training, as means over networks."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


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
        return cls(mean, groups.sem(), mean.accuracy["validation"].groupby("step").mean())
