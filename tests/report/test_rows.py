"""Rows for people and for programs."""

import io

import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.report.rows import frame_rows, print_rows, to_csv
from dynstudy.report.words import Format


def test_stdout_and_the_file_are_the_same_csv(any_map: RegimeMap) -> None:
    out = io.StringIO()
    print_rows(frame_rows(any_map.frame), Format.csv, out)
    assert out.getvalue() == to_csv(any_map.frame)


def test_a_period_is_whole_whatever_rows_are_chosen() -> None:
    frame = pd.DataFrame({"loss": ["ce", "dce"], "period": [None, 30.0], "gain": [None, 0.1]})
    for chosen in (frame, frame.tail(1)):  # the others' absent ones made the column one of floats
        *_, last = frame_rows(chosen)
        assert last == {"loss": "dce", "period": 30, "gain": 0.1}
        assert isinstance(last["period"], int)
        assert to_csv(chosen).splitlines()[-1] == "dce,30,0.1"
