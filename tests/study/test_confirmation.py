"""What is chosen is confirmed on what nothing was chosen on."""

import pytest

from dynstudy.protocol import Protocol
from dynstudy.section import MAX_SEED
from dynstudy.study.confirmation import FRESH, fresh_protocol
from dynstudy.task.data.spirals import SpiralData


@pytest.mark.parametrize(
    ("train", "validation"),
    [(0, 1), ("replicate", 1), (FRESH + 1, 1), (5, MAX_SEED), (FRESH - 1, MAX_SEED)],
)
def test_the_fresh_validation_spiral_is_neither_the_old_one_nor_the_training_one(
    train: int, validation: int
) -> None:
    protocol = Protocol(steps=77, data=SpiralData(train_seed=train, validation_seed=validation))
    fresh = fresh_protocol(protocol)
    assert fresh.data.validation_seed not in {validation, train}
    assert 0 <= fresh.data.validation_seed <= MAX_SEED
    same = protocol.data.model_copy(update={"validation_seed": fresh.data.validation_seed})
    assert fresh == protocol.model_copy(update={"data": same})
