"""The words of reports' options are those that reports know."""

from pathlib import Path

from dynstudy.report.listing import study_status
from dynstudy.report.rows import print_rows
from dynstudy.report.words import Format, Status
from tests.command import python
from tests.conftest import ROOT


def test_every_format_prints_rows(tmp_path: Path) -> None:
    for form in Format:
        with (tmp_path / form).open("w") as out:
            print_rows([{"study": "small"}], form, out)
        assert "small" in (tmp_path / form).read_text()


def test_a_status_is_one_that_a_study_may_have() -> None:
    states = [(True, 0), (False, 5), (False, 4)]
    assert {study_status(running, done, 5) for running, done in states} == set(Status)


def test_words_cost_nothing() -> None:
    code = (
        "import sys, dynstudy.report.words, dynstudy.export.words, dynstudy.bench.words\n"
        "import dynstudy.figures.words\n"
        "assert not {'pandas', 'numpy', 'torch', 'sqlalchemy'} & set(sys.modules)"
    )
    python(ROOT, "-c", code)
