"""The picture of figure 2 shows what was read."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from dynstudy.pictures.landscape import landscape_figure
from tests.measure.test_landscape import made_up


def lines(axis: Axes) -> dict[str, np.ndarray]:
    return {str(line.get_label()): np.array(line.get_xydata()) for line in axis.lines}


def test_panels_show_every_step_and_a_zoom_about_the_last_switch() -> None:
    shown = made_up()
    axes = landscape_figure(shown, "a title\nof $two").axes
    gamma = axes[0]
    labels = ["weight Γ", "loss F", "training\naccuracy", "λ"]
    assert [axis.get_ylabel() for axis in axes[:8:2]] == labels
    frame = shown.steps
    np.testing.assert_array_equal(lines(gamma)["class 1"], frame[["step", "gamma_1"]])
    for axis, name in zip(axes[2:6:2], ("loss", "train_accuracy"), strict=True):
        np.testing.assert_array_equal(axis.lines[0].get_xydata(), frame[["step", name]])
    curvature = lines(axes[6])
    read = frame[frame.lambda_1.notna()]
    np.testing.assert_array_equal(curvature["λ₁"], read[["step", "lambda_1"]])
    np.testing.assert_array_equal(curvature["λ₂"], read[["step", "lambda_2"]])
    assert set(curvature["2/η"][:, 1]) == {4.0}
    assert axes[6].get_xlim() == (0, 21)
    assert axes[1].get_title() == "about the last switch of class"
    assert axes[7].get_xlim() == (10, 21)
    near = read[read.step >= 10]
    np.testing.assert_array_equal(lines(axes[7])["λ₁"], near[["step", "lambda_1"]])
    assert any((line[:, 0] == 8).all() for line in lines(gamma).values())  # the onset


def test_slices_have_their_step_and_the_positions_in_the_colour_of_their_loss() -> None:
    shown = made_up()
    axes = landscape_figure(shown, "a title").axes
    assert [axis.get_title() for axis in axes[8:10]] == ["a: step 4", "b: step 20"]
    for plane, cut, each in zip(axes[8:10], axes[11:13], shown.slices, strict=True):
        for axis, y in ((plane, each.path[:, 1]), (cut, each.path_losses)):
            (dots,) = (c for c in axis.collections if isinstance(c, PathCollection))
            np.testing.assert_array_equal(dots.get_offsets(), np.stack([each.path[:, 0], y], 1))
            np.testing.assert_array_equal(dots.get_array(), each.path_losses)
            assert dots.norm.vmin == each.step
        np.testing.assert_array_equal(cut.lines[0].get_ydata(), each.cut)
    assert not axes[10].axison


def test_without_an_onset_nothing_says_so() -> None:
    figure = landscape_figure(made_up(()), "a title")
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["class 0", "class 1", "λ₁", "λ₂", "2/η"]
    figure = landscape_figure(made_up((8, 18)), "a title")
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts.count("onset of an instability") == 1
