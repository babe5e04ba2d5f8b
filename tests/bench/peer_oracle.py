"""What a peer of the benchmark is held to: the oracle's parameters, step by step."""

from functools import cache

import numpy as np

from dynstudy.bench.problem import PERIOD, MakePeer, Problem
from dynstudy.train import Parameters, train

NAMES = ("W1", "b1", "W2", "b2")


@cache
def oracle(networks: int, steps: int) -> Parameters:
    problem = Problem(width=7, networks=networks)
    return train(
        problem.ensemble(steps), problem.data, backend="autograd", checkpoints=[steps]
    ).parameters


def assert_follows_the_oracle(
    make: MakePeer, networks: int, steps: int = PERIOD + 20, device: str = "cpu"
) -> None:
    """One step, then the rest, into the second class's turn."""
    peer = make(Problem(width=7, networks=networks), device)
    initial = peer.parameters()
    taken = 0
    for until in (1, steps):
        peer.advance(until - taken)
        taken = until
        parameters, expected = peer.parameters(), oracle(networks, until)
        for name in NAMES:
            a, b = getattr(parameters, name), getattr(expected, name)
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6)
    # or agreement would mean nothing
    assert np.abs(parameters.W1 - initial.W1).max() > 0.05
