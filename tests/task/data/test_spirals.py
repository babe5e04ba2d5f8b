import numpy as np

from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.spiral import replicate_data_seed, spiral


def test_one_training_spiral_for_all_or_one_for_each_seed() -> None:
    data = SpiralData(points_per_class=7, classes=4, train_seed=5, validation_seed=9)
    x, y, validation_x, validation_y = data.points([3, 3, 8])
    expected_x, expected_y = spiral(7, 4, 2.0, 0.2, 5)
    np.testing.assert_array_equal(x, expected_x[None])
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(validation_x, spiral(1000, 4, 2.0, 0.2, 9)[0])
    assert np.bincount(validation_y).tolist() == data.validation_points.tolist() == [1000] * 4
    each = data.model_copy(update={"train_seed": "replicate"}).points([8, 3, 3])
    for points, seed in zip(each.x, (3, 8), strict=True):
        np.testing.assert_array_equal(points, spiral(7, 4, 2.0, 0.2, replicate_data_seed(seed))[0])


def test_its_content_is_what_it_was_before_there_were_other_kinds() -> None:
    assert SpiralData().content() == {
        "points_per_class": 100,
        "classes": 3,
        "turns": 2.0,
        "noise": 0.2,
        "train_seed": 0,
        "validation_seed": 1,
        "validation_points_per_class": 1000,
    }
    assert SpiralData.model_validate(SpiralData(noise=0.5).content()) == SpiralData(noise=0.5)
