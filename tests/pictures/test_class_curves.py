"""Pictures of classes along training show the frame they are of."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection

from dynstudy.pictures.class_curves import curve_figure, trace_figure


def traced(last: int) -> pd.DataFrame:
    """Three networks of two classes, read every 5 steps from 20 on."""
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product(
        [range(3), range(20, last + 1, 5), ["train", "validation"], range(2)],
        names=["seed", "step", "set", "class"],
    )
    frame = index.to_frame(index=False)
    return frame.assign(
        gamma=1 + frame["class"] * (frame.step % 10) / 10,
        accuracy=rng.random(len(frame)),
        loss=rng.random(len(frame)),
    )


def lines(axis: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axis.lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize("column", [0, 1])
def test_lines_are_means_over_networks_and_bands_a_standard_error(column: int) -> None:
    frame = traced(60)
    figure = trace_figure(frame, 10, 40, "a title\nof $two")
    axes = np.array(figure.axes).reshape(3, 2)[:, column]
    for axis, measure in zip(axes, ("accuracy", "loss", "gamma"), strict=True):
        bands = [each for each in axis.collections if isinstance(each, PolyCollection)]
        assert len(bands) == (0 if measure == "gamma" else 2)
        for label in range(2):
            for subset in ("validation", "train"):
                if (measure, subset) == ("gamma", "train"):
                    continue
                rows = frame[(frame["class"] == label) & (frame["set"] == subset)]
                values = rows.pivot(index="step", columns="seed", values=measure)
                line = lines(axis)[f"class {label}, {subset}"]
                np.testing.assert_array_equal(line.get_xdata(), values.index)
                np.testing.assert_allclose(line.get_ydata(), values.mean(axis=1))
                assert line.get_linestyle() == ("-" if subset == "validation" else ":")
                if measure != "gamma" and subset == "validation":
                    error = values.std(axis=1) / 3**0.5
                    y = bands[label].get_paths()[0].vertices[:, 1]
                    assert y.max() == pytest.approx((values.mean(axis=1) + error).max())
                    low = (values.mean(axis=1) - error).clip(lower=1e-12)
                    assert y.min() == pytest.approx(low.min(), abs=1e-9)
    together = frame[frame["set"] == "validation"].groupby("step").accuracy.mean()
    line = lines(axes[0])["all, validation"]
    np.testing.assert_allclose(line.get_ydata(), together)


def test_the_tail_has_an_axis_of_its_own() -> None:
    figure = trace_figure(traced(60), 10, 40, "a title\nof $two")
    (accuracy, tail), (loss, _), (gamma, last) = np.array(figure.axes).reshape(3, 2)
    assert [axis.get_ylabel() for axis in (accuracy, loss, gamma)] == [
        "accuracy", "static loss\nof the class", "weight Γ"
    ]  # fmt: skip
    assert gamma.get_xlabel() == "step (lines: the next class's turn begins)"
    assert last.get_xlabel() == "step"
    assert (accuracy.get_xlim(), tail.get_xlim()) == ((20, 40), (40, 60))
    assert tail.get_title() == "tail, A = 1"
    assert loss.get_yscale() == "log"
    turns = [line.get_xdata()[0] for line in accuracy.lines if line.get_label().startswith("_")]
    assert turns == [20, 30, 40]
    assert figure.get_suptitle() == "a title\nof $two"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "class 0, validation", "class 0, train", "class 1, validation", "class 1, train",
        "all, validation",
    ]  # fmt: skip


def test_without_a_tail_there_is_one_column() -> None:
    assert len(trace_figure(traced(40), 10, 40, "").axes) == 3


def test_lines_of_one_network_are_the_frame_s() -> None:
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product(
        [range(0, 50, 10), ["train", "validation"], range(3)], names=["step", "set", "class"]
    )
    frame = index.to_frame(index=False)
    frame = frame.assign(accuracy=rng.random(len(frame)), loss=rng.random(len(frame)))
    frame.loc[0, "loss"] = 0.0
    figure = curve_figure(frame, "a title\nof $two")
    upper, lower = figure.axes
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("accuracy", "static loss of the class")
    assert (lower.get_xlabel(), lower.get_yscale()) == ("step", "log")
    assert figure.get_suptitle() == "a title\nof $two"
    for axis, measure in ((upper, "accuracy"), (lower, "loss")):
        lines = {line.get_label(): line for line in axis.lines}
        for (label, subset), rows in frame.groupby(["class", "set"]):
            line = lines[f"class {label}, {subset}"]
            np.testing.assert_array_equal(line.get_xdata(), rows.step)
            np.testing.assert_array_equal(line.get_ydata(), rows[measure].clip(lower=1e-12))
            assert line.get_linestyle() == ("-" if subset == "validation" else ":")
    together = {line.get_label(): line for line in upper.lines}["all, validation"]
    expected = frame[frame["set"] == "validation"].groupby("step").accuracy.mean()
    np.testing.assert_allclose(together.get_ydata(), expected)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *(f"class {label}, {subset}" for label in range(3) for subset in ("train", "validation")),
        "all, validation",
    ]


@pytest.mark.parametrize(
    ("period", "dots"), [(None, False), (1000, False), (200, False), (100, True), (10, True)]
)
def test_what_would_be_a_hairball_is_dots(period: int | None, dots: bool) -> None:
    index = pd.MultiIndex.from_product(
        [range(0, 6001, 20), ["train", "validation"], range(3)], names=["step", "set", "class"]
    )
    frame = index.to_frame(index=False).assign(accuracy=0.5, loss=0.1)
    upper, lower = curve_figure(frame, "", period).axes
    for line in (*upper.lines, *lower.lines):
        assert (line.get_linestyle() == "None") == dots
        assert (line.get_marker() != "None") == dots
    assert len(upper.lines) == 7


def test_classes_with_names_are_called_by_them() -> None:
    names = ("ant", "b" * 30)
    for figure in (
        trace_figure(traced(60), 10, 40, "", names),
        curve_figure(traced(60), "", names=names),
    ):
        shown = {line.get_label() for line in figure.axes[0].lines}
        assert {"ant, train", f"{'b' * 20}, validation"} <= shown
