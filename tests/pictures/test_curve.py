"""The picture of one network's training shows the frame it is of."""

import numpy as np
import pandas as pd

from dynstudy.pictures.curve import curve_figure


def test_lines_are_the_frame_s() -> None:
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
