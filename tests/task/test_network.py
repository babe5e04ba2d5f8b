import hashlib

import numpy as np

from dynstudy.task.network import draw


def test_weights_have_the_glorot_variance_and_biases_are_small() -> None:
    width, classes = 400, 5
    drawn = [draw(seed, width, classes) for seed in range(40)]
    W1, b1, W2, b2 = (np.stack(parameter) for parameter in zip(*drawn, strict=True))
    # n draws estimate a standard deviation to a relative 1/sqrt(2n)
    for parameter, expected in (
        (W1, np.sqrt(2 / (2 + width))),
        (b1, 0.01),
        (W2, np.sqrt(2 / (width + classes))),
        (b2, 0.01),
    ):
        assert abs(parameter.std() / expected - 1) < 5 / np.sqrt(2 * parameter.size)
        assert abs(parameter.mean()) < 5 * expected / np.sqrt(parameter.size)


def test_the_draw_depends_on_seed_and_width_alone() -> None:
    for first, again in zip(draw(3, 20, 3), draw(3, 20, 3), strict=True):
        np.testing.assert_array_equal(first, again)
    assert not np.array_equal(draw(3, 20, 3)[0], draw(4, 20, 3)[0])
    # another width is another draw, not a longer one
    assert not np.array_equal(
        draw(3, 21, 3)[0][0, :20] * np.sqrt(23), draw(3, 20, 3)[0][0] * np.sqrt(22)
    )


def test_the_draw_of_two_inputs_is_pinned() -> None:
    """Changing it would change every network of every database."""
    drawn = np.concatenate([parameter.ravel() for parameter in draw(3, 20, 3)])
    assert hashlib.sha256(drawn.tobytes()).hexdigest() == (
        "adb62427ece2e88f5a469ff1370dcedb41675a75cf4bb80b39bdc8c6dd011d07"
    )


def test_inputs_are_counted_in_the_variance_of_the_first_layer() -> None:
    W1, b1, W2, b2 = draw(1, 300, 4, features=50)
    assert (W1.shape, b1.shape, W2.shape, b2.shape) == ((50, 300), (300,), (300, 4), (4,))
    assert abs(W1.std() / np.sqrt(2 / 350) - 1) < 5 / np.sqrt(2 * W1.size)
