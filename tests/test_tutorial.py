"""The tutorial works as written, and what it says came out, comes out."""

from pathlib import Path

import pandas as pd

from docs.transcript import played
from tests.conftest import ROOT
from tests.pages import assert_same_gains, typed

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_what_is_typed_prints_what_is_shown(tmp_path: Path) -> None:
    assert_same_gains(TUTORIAL, typed(TUTORIAL, tmp_path))

    cells = pd.read_csv(tmp_path / "results" / "spirals.csv")
    static, dynamical = cells[cells.amplitude.isna()], cells[cells.amplitude.notna()]
    assert static.val_accuracy.item() < 0.5
    labels = dynamical.set_index(["amplitude", "period"]).regime
    assert {labels[10, 30], labels[30, 100]} == {"useful"}
    # 10 networks, whose rounding is their processor's: one of the two may be unsettled
    assert "harmful" in {labels[300, 30], labels[300, 100]} <= {"harmful", "unsettled"}
    held = dynamical[~dynamical.forgets.astype(bool)].groupby("period").amplitude.max()
    assert held.is_monotonic_increasing
    assert held.nunique() == 3


def test_what_was_printed_is_put_where_something_was_shown(tmp_path: Path) -> None:
    page = (
        '```toml\nname = "a"\n```\n\n'
        "```console\n$ dynstudy run a.toml\n$ dynstudy map a\nold\n```\n\n"
        "```text\nformula\n```\n\n```python\nprint(1)\n```\n\n```text\nold\n```\n\n"
        "Prose.\n\n```text\nformula\n```\n"
    )
    ran = []

    def command(*words: str) -> str:
        ran.append(words)
        return "\n new  \n\n"

    now = played(page, tmp_path, command, lambda code: f"of {code} \n")
    assert ran == [("run", "a.toml"), ("map", "a")]
    assert (tmp_path / "a.toml").read_text() == 'name = "a"\n'
    assert now == page.replace("old", " new", 1).replace("old", "of print(1)")


def test_where_less_is_shown_than_is_printed_it_is_said(tmp_path: Path) -> None:
    page = "```console\n$ dynstudy map a\nold\nolder\n…\n$ dynstudy map b\nold\n```\n"
    now = played(page, tmp_path, lambda *_: "1\n2\n3\n", str)
    assert now == "```console\n$ dynstudy map a\n1\n2\n…\n$ dynstudy map b\n1\n2\n3\n```\n"
