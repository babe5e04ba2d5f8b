"""The words of an export's options."""

from pathlib import Path

import pytest

from dynstudy.errors import ExportError
from dynstudy.export.words import FileFormat


def test_a_suffix_tells_the_format_of_each() -> None:
    for form in FileFormat:
        assert FileFormat.of(Path(f"best.{form}")) is form
    assert FileFormat.of(None) is FileFormat.toml


@pytest.mark.parametrize("name", ["best", "best.xml", "best.yaml", ".toml"])
def test_a_suffix_that_tells_none_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ExportError, match=r"end it in one of \.toml \.json"):
        FileFormat.of(Path(name))


def test_whole_studies_are_tables_and_the_best_are_not() -> None:
    assert [form for form in FileFormat if not form.whole_study] == ["toml", "json"]
