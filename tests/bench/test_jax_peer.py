"""The peer in JAX, which only the extra [bench] installs."""

from collections.abc import Iterator

import pytest
import torch

from tests.bench.peer_oracle import assert_follows_the_oracle

pytestmark = pytest.mark.jax


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # small operations, and other tests beside them
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("networks", [1, 5])
def test_the_jax_peer_follows_the_oracle(networks: int) -> None:
    """Needs the extra [bench], so it is deselected; `make test-jax` installs it and runs this."""
    from dynstudy.bench.jax_peer import JaxScan

    # one whole compiled scan, and what is left over
    assert_follows_the_oracle(JaxScan, networks, steps=JaxScan.grain + 9)


@pytest.mark.gpu
@pytest.mark.parametrize("networks", [1, 5])
def test_the_jax_peer_on_a_card_follows_the_oracle(networks: int) -> None:
    """Needs an NVIDIA card, and JAX for it; `pytest -m "gpu and jax"`."""
    from dynstudy.bench import jax_peer

    assert jax_peer.has_a_card(), "this JAX finds no card: pip install 'jax[cuda12]'"
    steps = jax_peer.JaxScan.grain + 9
    assert_follows_the_oracle(jax_peer.JaxScan, networks, steps, device="cuda")
