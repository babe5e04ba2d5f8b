from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.data.task_data import by_seed


def test_seeds_are_counted_once() -> None:
    assert by_seed([5, 2, 5]).tolist() == [2, 5]


def test_a_spiral_is_balanced_and_validated_on_one_set() -> None:
    data = SpiralData(train_seed="replicate")
    assert data.each_drawn
    assert data.balanced
    assert not data.validation_varies
