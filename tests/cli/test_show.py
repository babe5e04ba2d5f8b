"""``dynstudy show``."""

import json
from pathlib import Path

import tomli_w

from tests.cli.three_studies import Command
from tests.planted import SMALL


def test_a_launch_keeps_what_was_overridden(command: Command, three: Path) -> None:
    (three / "small.toml").write_text(tomli_w.dumps(SMALL))
    changes = ["--set", "name=changed", "--set", "space.amplitude=[3, 30]"]
    assert command("run", "small.toml", *changes)[0] == 0
    _, out, _ = command("show", "changed", "--format", "json")
    (launch,) = json.loads(out)["runs"]
    assert launch["overrides"] == ["name=changed", "space.amplitude=[3, 30]"]
    assert "--set space.amplitude=[3, 30]" in command("show", "changed")[1]
    assert json.loads(command("show", "small", "--format", "json")[1])["runs"][0]["overrides"] == []
