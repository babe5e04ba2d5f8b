"""Rows for people and for programs."""

import io

import pandas as pd
import pytest

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


@pytest.mark.parametrize("width", [60, 80])
def test_every_row_of_a_map_fits_a_terminal(
    any_map: RegimeMap, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = io.StringIO()
    print_rows(frame_rows(any_map.frame), Format.table, out)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines[:-1])) <= width
    assert "…" not in out.getvalue()
    assert "columns left out: " in lines[-1]
