"""What is counted of a compiled kernel."""

import pytest

from benchmarks.gpu_instructions import programs_at_once
from tests.benchmarks.made_up_kernel import compiled_kernel


def test_padding_counts_against_a_pair() -> None:
    # 32 lanes x 240 instructions for 4 points of 100 units
    assert compiled_kernel().pair_instructions == pytest.approx(32 * 240 / 400)
    assert compiled_kernel(warps=2).pair_instructions == pytest.approx(2 * 32 * 240 / 400)
    assert compiled_kernel(width=50).pair_instructions == pytest.approx(32 * 240 / 200)
    assert compiled_kernel(points=301).pair_instructions == pytest.approx(32 * 240 * 76 / 30_100)


def test_programs_are_counted_as_the_registers_of_a_scheduler_allow() -> None:
    # 65,536 registers would do for ten of 200, but each scheduler has room for two
    assert programs_at_once(200, 1) == 8
    assert programs_at_once(168, 1) == 12
    assert programs_at_once(32, 1) == 32  # no more are taken
    assert programs_at_once(255, 2) == 4
    assert programs_at_once(255, 16) == 0
    assert programs_at_once(128, 16) == 1
    assert programs_at_once(64, 4, shared_bytes=100 * 2**10) == 2
