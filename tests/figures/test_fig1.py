"""Figure 1: from a study that is trained to what is printed and drawn."""

import numpy as np
import pytest

import dynstudy
from dynstudy.figures.paper_figure import Choices, draw_figure
from dynstudy.figures.words import Figure
from dynstudy.store.studies import Storage
from tests.analysis.planted_training import training_map


def test_a_trained_study_is_drawn_as_its_series_are(storage: Storage) -> None:
    protocol = {
        "steps": 200,
        "tail": "none",
        "data": {"points_per_class": 20, "validation_points_per_class": 30},
        "curvature": {"records": [20, 90], "eigenvalues": 1, "loss": True},
    }
    dynstudy.run(training_map(protocol=protocol), storage=storage, backend="cpu")
    drawn = draw_figure(storage, Figure.fig1, "small", Choices())
    assert [(row["width"], row["learning_rate"], row["networks"]) for row in drawn.rows] == [
        (5, 0.1, 3), (5, 1.0, 3), (9, 0.1, 3), (9, 1.0, 3),
    ]  # fmt: skip
    study = dynstudy.open(storage)["small"]
    of_cell = [row for row in drawn.numbers if (row["width"], row["learning_rate"]) == (9, 1.0)]
    numbers = [row for row in of_cell if row["quantity"] != "edge"]
    losses = study.series("width=9,learning_rate=1", "loss").mean_loss
    curvature = study.series("width=9,learning_rate=1", "eigenvalues").lambda_1
    of_steps = curvature.groupby("step").mean()
    means = [*losses.groupby("step").mean(), of_steps[[20, 21]].mean(), of_steps[[90, 91]].mean()]
    np.testing.assert_allclose([row["mean"] for row in numbers], means)
    spans = [(row["from_step"], row["to_step"]) for row in numbers]
    assert spans == [(0, 20), (20, 90), (90, 200), (20, 22), (90, 92)]
    assert drawn.rows[-1]["last_loss"] == pytest.approx(means[2])
