"""A bifurcation diagram shows the frame's numbers, in the colour of their branch."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.pictures.branches import BRANCHES, branches_figure
from tests.report.test_cycle_rows import followed


@pytest.fixture
def frame(rng: np.random.Generator) -> pd.DataFrame:
    made = followed([1] * 70 + [2] * 80 + [4] * 60 + [8] * 3 + [0] * 92, {30: 0.2, 200: -1.2})
    made.loc[200 - 10, "imaginary"] = 0.4
    return made.assign(loss=rng.random(len(made)), train_accuracy=rng.random(len(made)))


def test_points_are_the_steps_of_their_branch(frame: pd.DataFrame) -> None:
    figure = branches_figure(frame, 100, "a title\nof $two")
    accuracy, loss, multiplier, strip = figure.axes
    for axis, column in ((accuracy, "train_accuracy"), (loss, "loss")):
        lines = {line.get_color(): line for line in axis.lines if line.get_marker() == "."}
        assert list(lines) == list(BRANCHES.values())
        for branch, colour in BRANCHES.items():
            rows = frame[frame.branch == branch]
            np.testing.assert_array_equal(lines[colour].get_xdata(), rows.step)
            np.testing.assert_array_equal(lines[colour].get_ydata(), rows[column])
    turns = [line.get_xdata()[0] for line in accuracy.lines if line.get_marker() != "."]
    assert turns == [100, 200, 300]
    points = [line for line in multiplier.lines if line.get_marker() == "o"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in points] == [(30, 0.2), (200, -1.2)]
    assert points[1].get_markerfacecolor() == "white"  # it is complex
    assert [text.get_text() for text in strip.texts] == ["1", "2", "4", "none"]  # 8: no room
    bars = [(bar.get_x(), bar.get_width()) for bar in strip.patches]
    assert bars == [(10, 70), (80, 80), (160, 60), (220, 3), (223, 92)]
    assert strip.get_xlim() == (10, 315)
    assert loss.get_yscale() == "log"
    assert figure.get_suptitle() == "a title\nof $two"
    assert len(figure.legends[0].get_texts()) == 4


def test_without_multipliers_and_turns_there_is_nothing_of_them(frame: pd.DataFrame) -> None:
    figure = branches_figure(frame.assign(multiplier=np.nan), None, "")
    accuracy, _, strip = figure.axes
    assert len(accuracy.lines) == 4
    assert strip.get_xlabel() == "step"
