"""A loss as a value."""

from dataclasses import replace

import pytest

from dynstudy.task.losses import LOSSES


def test_a_name_that_the_ledger_has_no_room_for_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 16 characters"):
        replace(LOSSES["dce"], name="d" * 17)
