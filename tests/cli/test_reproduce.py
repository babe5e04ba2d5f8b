"""``dynstudy reproduce``; `test_export` has what it passes and fails."""

from pathlib import Path

import tomli_w

from tests.command import fails
from tests.planted import SMALL


def test_what_is_no_export_is_one_line(three: Path) -> None:
    (three / "small.toml").write_text(tomli_w.dumps(SMALL))
    assert "is not an export of dynstudy" in fails(three, "reproduce", "small.toml")
    assert "no such file" in fails(three, "reproduce", "none.toml")
    (three / "best.json").write_text("{}")
    assert "exports are read as TOML alone" in fails(three, "reproduce", "best.json")
