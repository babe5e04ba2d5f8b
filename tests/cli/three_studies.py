"""What tests of commands on three small studies have in common; `conftest` makes these."""

import json
from collections.abc import Callable
from typing import Any

from tests.planted import SMALL

OTHER: dict[str, Any] = {
    **SMALL,
    "name": "other",
    "space": {"learning_rate": 1.0, "amplitude": [3, 90], "period": [10, 30], "width": 5},
}

Command = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]


def words(value: object) -> str:
    """The name of a case: its words as a person types them."""
    return " ".join(value) if isinstance(value, list) else ""


def names(command: Command, *filters: str) -> list[str]:
    """The studies that a list shows."""
    status, out, err = command("list", "--format", "json", *filters)
    assert status == 0, err
    return [row["study"] for row in json.loads(out)]
