"""Every competitor trains the same: from one state, the oracle's parameters step by step."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from dynstudy.bench.peers import Batched, Compiled, Graphed, Loop
from dynstudy.bench.problem import CYCLE, MakePeer, Problem
from tests.bench.peer_oracle import NAMES, assert_follows_the_oracle


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # small operations, and other tests beside them
    yield
    torch.set_num_threads(before)


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
        replayed, expected = (getattr(peer.parameters(), name) for peer in (graphed, batched))
        np.testing.assert_array_equal(replayed, expected)


def test_a_graph_always_finds_the_state_where_it_was() -> None:
    peer = Replayed(Problem(width=3, networks=2), "cpu")
    before = [tensor.data_ptr() for tensor in peer.state]
    peer.advance(peer.grain + 1)
    assert [tensor.data_ptr() for tensor in peer.state] == before


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.filterwarnings("ignore::UserWarning:torch")  # as are Inductor's choices
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


@pytest.mark.compile
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # its own affair
def test_the_compiled_peer_follows_the_oracle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needs a C++ compiler, so it is deselected; `make test-compile` or `pytest -m compile`."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    assert_follows_the_oracle(Compiled, 5)


def test_a_loop_is_of_one_network() -> None:
    with pytest.raises(ValueError, match="one network"):
        Loop(Problem(width=7, networks=2))
