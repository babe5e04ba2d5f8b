"""Files that a person takes away: safe names, whole contents."""

import pytest

from dynstudy.report.safe_files import file_stem


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b", "é☃", "x" * 200, "...", "q\"uo'te"])
def test_file_names_are_safe_and_distinct(name: str) -> None:
    stem = file_stem(name)
    assert "/" not in stem
    assert stem
    assert not stem.startswith(".")
    assert len(stem) < 100
    assert stem != file_stem(name + "!")
