"""Every competitor trains the same: from one state, the oracle's parameters step by step."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from dynstudy.bench.peers import Batched, Compiled, Loop
from dynstudy.bench.problem import PERIOD, Peer, Problem
from dynstudy.train import Parameters, train

NAMES = ("W1", "b1", "W2", "b2")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # small operations, and other tests beside them
    yield
    torch.set_num_threads(before)


@cache
def oracle(networks: int, steps: int) -> Parameters:
    problem = Problem(width=7, networks=networks)
    return train(
        problem.ensemble(steps), problem.data, backend="autograd", checkpoints=[steps]
    ).parameters


def assert_follows_the_oracle(
    make: Callable[[Problem], Peer], networks: int, steps: int = PERIOD + 20
) -> None:
    """One step, then the rest, into the second class's turn."""
    peer = make(Problem(width=7, networks=networks))
    initial = peer.parameters()
    taken = 0
    for until in (1, steps):
        peer.advance(until - taken)
        taken = until
        found, expected = peer.parameters(), oracle(networks, until)
        for name in NAMES:
            a, b = getattr(found, name), getattr(expected, name)
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6)
    # or agreement would mean nothing
    assert np.abs(found.W1 - initial.W1).max() > 0.05


@pytest.mark.parametrize(("make", "networks"), [(Loop, 1), (Batched, 1), (Batched, 5)])
def test_a_peer_follows_the_oracle(make: Callable[[Problem], Peer], networks: int) -> None:
    assert_follows_the_oracle(make, networks)


@pytest.mark.compile
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # its own affair
def test_the_compiled_peer_follows_the_oracle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needs a C++ compiler, so it is deselected; `make test-compile` or `pytest -m compile`."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    assert_follows_the_oracle(Compiled, 5)


@pytest.mark.jax
@pytest.mark.parametrize("networks", [1, 5])
def test_the_jax_peer_follows_the_oracle(networks: int) -> None:
    """Needs the extra [bench], so it is deselected; `make test-jax` installs it and runs this."""
    from dynstudy.bench.jax_peer import JaxScan

    # one whole compiled scan, and what is left over
    assert_follows_the_oracle(JaxScan, networks, steps=JaxScan.grain + 9)


def test_a_loop_is_of_one_network() -> None:
    with pytest.raises(ValueError, match="one network"):
        Loop(Problem(width=7, networks=2))
