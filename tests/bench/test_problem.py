"""What every competitor trains."""

import numpy as np

from dynstudy.bench.problem import CLASSES, CYCLE, PERIOD, Digits, Problem
from dynstudy.task.schedule import class_weights


def test_the_weights_of_a_cycle_are_those_of_the_schedule_and_repeat() -> None:
    problem = Problem(width=5, networks=3)
    looked_up = problem.cycle(more=7)
    assert looked_up.shape == (CYCLE + 7, 3, CLASSES)
    np.testing.assert_array_equal(looked_up[CYCLE:], looked_up[:7])
    ensemble = problem.ensemble(1)
    for step in (0, PERIOD // 2, CYCLE - 1):
        expected = class_weights(np.array([[step]]), CLASSES, ensemble.amplitude, PERIOD)
        np.testing.assert_allclose(looked_up[step], expected[0], rtol=1e-6)


def test_networks_differ_in_seed_and_amplitude_alone() -> None:
    ensemble = Problem(width=5, networks=4).ensemble(10)
    assert ensemble.seed.tolist() == [0, 1, 2, 3]
    assert (np.diff(ensemble.amplitude) > 0).all()
    for values in (ensemble.width, ensemble.learning_rate, ensemble.period):
        assert len(set(values.tolist())) == 1
    assert Problem(width=5, networks=4).initial().W1.shape == (4, 2, 5)


def test_twice_the_points_or_units_are_twice_the_work() -> None:
    one = Problem(width=10, networks=1, points=50).flops_per_step()
    assert one == 26 * 3 * 50 * 10
    assert Problem(width=20, networks=9, points=50).flops_per_step() == 2 * one
    assert Problem(width=10, networks=1, points=100).flops_per_step() == 2 * one


def test_digits_are_those_of_scikit_learn_and_count_as_many_flop_as_their_layers_do() -> None:
    problem = Digits(width=32, networks=3)
    assert problem.data.x.shape == (1, 1258, 64)
    assert problem.data.classes == problem.classes == 10
    assert problem.cycle().shape == (10 * PERIOD, 3, 10)
    assert problem.initial().W1.shape == (3, 64, 32)
    layers = 64 * 32 + 32 * 10
    # forward, gradient in weights, and in the activations between the layers
    assert problem.flops_per_step() == 1258 * 2 * (2 * layers + 32 * 10)
