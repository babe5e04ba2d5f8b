"""What is read of a part of an ensemble is written where the whole keeps it."""

import numpy as np

from dynstudy.train import Ensemble
from dynstudy.train.readings import Readings


def test_a_part_of_readings_is_a_view_of_the_whole() -> None:
    ensemble = Ensemble.of("ce", 5, width=3, learning_rate=0.1, seed=[0, 1, 2])
    whole = Readings.empty(
        ensemble, np.zeros((3, 1), int), 2, trace=True, onsets=True, until_onset=True, loss_steps=2
    )
    part = whole.part(slice(1, 3))
    part.losses[0, 2], part.onsets.first[1], part.diverged_at[0] = 7.0, 4, 3
    assert whole.losses[1, 2] == 7
    assert whole.onsets.first.tolist() == [-1, -1, 4]
    assert whole.running.tolist() == [True, False, False]
    part.loss_sums.so_far[0], part.loss_sums.at[1, 1] = 5.0, 6.0
    assert whole.loss_sums.so_far.tolist() == [0, 5, 0]
    assert whole.loss_sums.at[2, 1] == 6
    assert part.until_onset


def test_a_network_with_an_onset_goes_on_where_nothing_else_is_asked() -> None:
    ensemble = Ensemble.of("ce", 5, width=3, learning_rate=0.1, seed=[0, 1])
    readings = Readings.empty(ensemble, np.zeros((2, 1), int), 2, trace=False, onsets=True)
    readings.onsets.first[0] = 2
    assert readings.running.all()
