"""What cannot be measured is refused before anything is."""

from typing import Any

import pytest

from dynstudy.bench.settings import PEERS, Settings
from dynstudy.errors import BenchError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"widths": (20, 0)}, "--widths: 0 must be from 1 to 10000"),
        ({"widths": (10_001,)}, "--widths: 10001 must be"),
        ({"peers": ("jacks",)}, "--peers: 'jacks' is not one of loop, bmm, graph, compile, jax"),
        ({"seconds": 0.0}, "--seconds 0: must be above 0"),
        ({"seconds": float("nan")}, "--seconds nan: must be above 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        Settings(**changes)


def test_every_peer_is_measured_by_default() -> None:
    assert Settings().peers == PEERS
