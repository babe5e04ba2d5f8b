"""What docs/atlas.md types gives what it says."""

import re
import sqlite3
from contextlib import closing

import pandas as pd
import pytest

from dynstudy.store.studies import Storage
from tests.conftest import ROOT
from tests.planted_atlas import plant_atlas, small_atlas


@pytest.fixture
def page() -> str:
    return (ROOT / "docs" / "atlas.md").read_text(encoding="utf-8")


def test_the_query_lists_networks_of_a_part_with_their_launch(
    page: str, storage: Storage, url: str
) -> None:
    plant_atlas(storage, small_atlas())
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        rows = connection.execute(query).fetchall()
    x, y = small_atlas().axes
    expected = [(T, A) for T in y.values for A in x.values if 20 <= A <= 60]
    assert [(period, amplitude) for period, amplitude, *_ in rows] == expected
    assert {device for *_, device, _ in rows} == {"planted"}


def test_the_python_prints_the_picture(
    page: str,
    storage: Storage,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant_atlas(storage, small_atlas())
    monkeypatch.setenv("DYNSTUDY_STORAGE", url)
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        exec(compile(code, "atlas.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("amplitude")
    rows = [line.split() for line in lines[2:]]
    assert [float(row[0]) for row in rows if len(row) == 7] == small_atlas().axes[1].values.tolist()
