"""Points that are known by their digest, and those of a program."""

import numpy as np
import pytest

from dynstudy.errors import SpecError
from dynstudy.task.data.labelled import labelled
from dynstudy.task.data.recorded import RecordedData

X, Y = np.random.default_rng(0).normal(size=(12, 3)), np.repeat([0, 1], 6)


def test_a_program_s_points_are_there_and_a_database_s_are_not() -> None:
    data = RecordedData.of((labelled(X, Y), None), validation=0.5, train_seed=4)
    assert data.points([0]).x.shape == (1, 6, 3)
    again = RecordedData.model_validate(data.content())
    assert again == data
    with pytest.raises(SpecError, match=r"^the data [0-9a-f]{12}: is known by its digest alone"):
        again.points([0])


def test_without_a_digest_it_is_none() -> None:
    with pytest.raises(ValueError, match="read"):
        RecordedData.model_validate({"kind": "recorded"})
