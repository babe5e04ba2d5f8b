"""What chance makes of the best of many cells."""

import numpy as np
import pytest

from dynstudy.analysis.best_of_many import largest_by_chance
from tests.pictures.made_up import made_up, with_baseline
from tests.planted import SpecMaker


@pytest.mark.parametrize(("cells", "replicates"), [(2, 10), (30, 10), (150, 6)])
def test_it_is_what_the_largest_of_such_means_comes_to(
    cells: int, replicates: int, rng: np.random.Generator
) -> None:
    outcomes = rng.normal(0.5, 0.1, 4000)
    means = rng.normal(0.5, 0.1, (2000, cells, replicates)).mean(axis=2)
    expected = means.max(axis=1).mean()
    assert largest_by_chance(outcomes, cells, replicates) == pytest.approx(expected, abs=0.005)


def test_each_width_has_its_own(make_spec: SpecMaker, rng: np.random.Generator) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 9]}
    study_map = with_baseline(made_up(make_spec(space=space), rng), rng)
    by_chance = study_map.best_by_chance("dce", 1.0)  # the baseline is of width 5 alone
    assert by_chance[["width", "cells"]].to_numpy().tolist() == [[5, 4]]
    expected = largest_by_chance(study_map.outcomes[-1], 4, 10)
    assert by_chance.val_accuracy.tolist() == [pytest.approx(expected)]
    assert not len(study_map.best_by_chance("dmse1", 1.0))
