"""What cannot be measured is refused before anything is."""

from typing import Any

import pytest

from dynstudy.bench.settings import MEASUREMENTS, PEERS, Settings, whole_numbers
from dynstudy.errors import BenchError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"widths": (20, 0)}, "--widths: 0 must be from 1 to 10000"),
        ({"widths": (10_001,)}, "--widths: 10001 must be"),
        ({"peers": ("jacks",)}, "--peers: 'jacks' is not one of loop, bmm, graph, compile, jax"),
        ({"measurements": ("engines",)}, "--only: .* did you mean 'engine'?"),
        ({"seconds": 0.0}, "--seconds 0: must be above 0"),
        ({"seconds": float("nan")}, "--seconds nan: must be above 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        Settings(**changes)


@pytest.mark.parametrize("text", ["", ",", "a,b", "20,1.5", "20;30"])
def test_numbers_are_whole(text: str) -> None:
    with pytest.raises(BenchError, match=r"--widths .*: must be whole numbers .* as in 20,100,500"):
        whole_numbers("--widths", text)


def test_everything_is_measured_by_default() -> None:
    assert (Settings().peers, Settings().measurements) == (PEERS, MEASUREMENTS)
