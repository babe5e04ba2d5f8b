"""The tutorial works as written, and what it says came out, comes out."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from docs.transcript import played
from tests.command import dynstudy, script
from tests.conftest import ROOT

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def printed(here: Path, code: str) -> str:
    with redirect_stdout(StringIO()) as out:
        script(here, code)
    return out.getvalue()


def gains(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"(?<![\w.])[+-]\d\.\d{3}", text)]


def test_what_is_typed_prints_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynstudy.launch.estimate.PROBE_SECONDS", 0.001)
    now = played(
        TUTORIAL,
        tmp_path,
        lambda *words: dynstudy(tmp_path, *words, COLUMNS="80")[0],
        lambda code: printed(tmp_path, code),
    )
    assert len(gains(now)) > 15
    assert gains(TUTORIAL) == pytest.approx(gains(now), abs=0.08)  # another processor's, too

    cells = pd.read_csv(tmp_path / "results" / "spirals.csv")
    static, dynamical = cells[cells.amplitude.isna()], cells[cells.amplitude.notna()]
    assert static.val_accuracy.item() < 0.5
    labels = dynamical.set_index(["amplitude", "period"]).regime
    assert {labels[10, 30], labels[30, 100]} == {"useful"}
    assert {labels[300, 30], labels[300, 100]} == {"harmful"}
    held = dynamical[~dynamical.forgets.astype(bool)].groupby("period").amplitude.max()
    assert held.is_monotonic_increasing
    assert held.nunique() == 3


def test_what_was_printed_is_put_where_something_was_shown(tmp_path: Path) -> None:
    page = (
        '```toml\nname = "a"\n```\n\n'
        "```console\n$ dynstudy run a.toml\n$ dynstudy map a\nold\n```\n\n"
        "```python\nprint(1)\n```\n\n```text\nold\n```\n\nProse.\n"
    )
    ran = []

    def command(*words: str) -> str:
        ran.append(words)
        return "\n new  \n\n"

    now = played(page, tmp_path, command, lambda code: f"of {code} \n")
    assert ran == [("run", "a.toml"), ("map", "a")]
    assert (tmp_path / "a.toml").read_text() == 'name = "a"\n'
    assert now == page.replace("old", " new", 1).replace("old", "of print(1)")
