"""Every competitor trains the same: from one state, the oracle's parameters step by step."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from dynstudy.bench.peers import Batched, Compiled, Graphed, Loop
from dynstudy.bench.problem import CYCLE, PERIOD, MakePeer, Problem
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
    make: MakePeer, networks: int, steps: int = PERIOD + 20, device: str = "cpu"
) -> None:
    """One step, then the rest, into the second class's turn."""
    peer = make(Problem(width=7, networks=networks), device)
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


class Replayed(Graphed):
    """A graph without a card: what would be captured is done."""

    def captured(self) -> Callable[[], None]:
        self.take_a_grain()
        return self.take_a_grain


@pytest.mark.parametrize(
    ("make", "networks"), [(Loop, 1), (Batched, 1), (Batched, 5), (Replayed, 1), (Replayed, 5)]
)
def test_a_peer_follows_the_oracle(make: MakePeer, networks: int) -> None:
    assert_follows_the_oracle(make, networks)


def test_the_weights_of_a_graph_go_on_beyond_a_cycle() -> None:
    graphed = Replayed(Problem(width=3, networks=2), "cpu")
    batched = Batched(Problem(width=3, networks=2))
    graphed.advance(1)  # so that its grains lie across the end of a cycle
    graphed.advance(CYCLE + 19)
    batched.advance(CYCLE + 20)
    for name in NAMES:
        found, expected = (getattr(peer.parameters(), name) for peer in (graphed, batched))
        np.testing.assert_array_equal(found, expected)


def test_a_graph_always_finds_the_state_where_it_was() -> None:
    peer = Replayed(Problem(width=3, networks=2), "cpu")
    before = [tensor.data_ptr() for tensor in peer.state]
    peer.advance(peer.grain + 1)
    assert [tensor.data_ptr() for tensor in peer.state] == before


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.filterwarnings("ignore:TensorFloat32")  # that it is off is meant
@pytest.mark.parametrize(
    ("make", "networks"), [(Loop, 1), (Batched, 5), (Graphed, 1), (Graphed, 5), (Compiled, 5)]
)
def test_a_peer_on_a_card_follows_the_oracle(
    make: MakePeer, networks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needs an NVIDIA card, so it is deselected; `make test-gpu` or `pytest -m gpu`."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    assert_follows_the_oracle(make, networks, device="cuda")


@pytest.mark.gpu
@pytest.mark.jax
@pytest.mark.parametrize("networks", [1, 5])
def test_the_jax_peer_on_a_card_follows_the_oracle(networks: int) -> None:
    """Needs an NVIDIA card, and JAX for it; `pytest -m "gpu and jax"`."""
    from dynstudy.bench import jax_peer

    assert jax_peer.has_a_card(), "this JAX finds no card: pip install 'jax[cuda12]'"
    steps = jax_peer.JaxScan.grain + 9
    assert_follows_the_oracle(jax_peer.JaxScan, networks, steps, device="cuda")


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
