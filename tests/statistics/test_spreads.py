"""Simulated outcomes scatter as their names say."""

import numpy as np
import pytest

from dynstudy.statistics.power import plant_map
from dynstudy.statistics.spreads import HIGH, LOW, SPREADS, SpreadName


def test_the_words_are_the_spreads() -> None:
    assert [name.value for name in SpreadName] == list(SPREADS)


@pytest.mark.parametrize(
    ("name", "cells", "static"),
    [
        ("bimodal", True, True),
        ("narrow", False, False),
        ("cells", True, False),
        ("static", False, True),
    ],
)
def test_two_modes_are_two_modes(
    name: str, cells: bool, static: bool, rng: np.random.Generator
) -> None:
    planted = plant_map(rng, SPREADS[name], np.zeros(1), 2000)
    for outcomes, bimodal in ((planted.samples[0], cells), (planted.baseline, static)):
        between = (outcomes > LOW + 0.1) & (outcomes < HIGH - 0.1)
        assert (between.mean() < 0.02) == bimodal
        assert (outcomes.std() > 0.2) == bimodal
        assert outcomes.mean() == pytest.approx(SPREADS[name].static, abs=0.03)
