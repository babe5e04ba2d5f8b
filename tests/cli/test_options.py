"""What several commands read in the same way."""

import pytest

from dynstudy.cli.options import numbers
from dynstudy.errors import DynstudyError


@pytest.mark.parametrize("text", ["", ",", "a,b", "20,1.5", "20;30"])
def test_whole_numbers_are_whole(text: str) -> None:
    with pytest.raises(DynstudyError, match=r"--widths .*: must be whole numbers .* as in 20,100"):
        numbers("--widths", text, int, "20,100")


def test_numbers_come_once_each_in_their_order() -> None:
    assert numbers("--gain", "0.5, 1,0.50", float, "0.05") == (0.5, 1.0)
    with pytest.raises(DynstudyError, match="--gain 'x': must be numbers with commas between"):
        numbers("--gain", "x", float, "0.05")
