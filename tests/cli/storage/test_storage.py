"""``dynstudy storage``: what its page shows is what can be typed."""

from pathlib import Path

from tests.cli.three_studies import Command
from tests.conftest import ROOT
from tests.pages import typed


def test_the_examples_of_the_page_can_be_typed(command: Command, three: Path) -> None:
    page = (ROOT / "storage" / "README.md").read_text(encoding="utf-8")
    _, _, section = page.partition("## Looking after it")
    command("rename", "small", "quickstart")
    assert typed(section, three) == section
    for name in ("before.db", "paper.db"):
        assert command("show", "quickstart", "--storage", name)[0] == 0


def test_it_lists_its_commands(command: Command) -> None:
    _, out, err = command("storage", "--help")
    for name in ("check", "copy", "backup", "upgrade", "sizes"):
        assert f"│ {name} " in out
    status, _, err = command("storage", "chek")
    assert status == 2
    assert "Did you mean 'check'?" in err
    assert "dynstudy storage --help says what there is" in err
