"""Rows for people and for programs."""

import io

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.report.rows import frame_rows, print_rows, to_csv
from dynstudy.report.words import Format


def test_stdout_and_the_file_are_the_same_csv(any_map: RegimeMap) -> None:
    out = io.StringIO()
    print_rows(frame_rows(any_map.frame), Format.csv, out)
    assert out.getvalue() == to_csv(any_map.frame)
