"""Pages of the documentation whose examples are typed as a reader would."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from docs.transcript import played
from tests.command import dynstudy, script


def typed(page: str, here: Path) -> str:
    """Run all that a page shows, in this process; returns it with what is printed now."""
    return played(
        page,
        here,
        lambda *words: dynstudy(here, *words, COLUMNS="80")[0],
        lambda code: _printed(here, code),
    )


def _printed(here: Path, code: str) -> str:
    with redirect_stdout(StringIO()) as out:
        script(here, code)
    return out.getvalue()


def assert_same_gains(shown: str, now: str) -> None:
    """The gains in a text are those that are printed now, or on another processor nearly so."""
    was, is_now = (re.findall(r"(?<![\w.])[+-]\d\.\d{3}", text) for text in (shown, now))
    assert len(is_now) >= 15
    assert [float(gain) for gain in was] == pytest.approx([float(g) for g in is_now], abs=0.1)
