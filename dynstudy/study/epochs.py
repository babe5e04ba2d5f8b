"""Steps, tails and periods that a study file gives in epochs, as the steps that these take.

An epoch is a pass over all training points: one step where each step has all of them.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dynstudy.protocol import Protocol
from dynstudy.section import MAX_STEPS
from dynstudy.study.axes import short

EPOCHS = "epochs"
KEYS = (("protocol", "steps"), ("protocol", "tail"), ("space", "period"))
ENDS = ("low", "high")
"""Of a range, what is in epochs; how many values it has is not."""


def in_steps(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a study file says, with steps in the place of epochs.

    Args:
        values: what it says.
        folder: where paths in it begin.

    Raises:
        ValueError: what is in epochs cannot be; names its key.
    """
    said = {
        (table, key): values[table][key]
        for table, key in KEYS
        if isinstance(values.get(table), dict)
        and isinstance(values[table].get(key), dict)
        and EPOCHS in values[table][key]
    }
    if not said:
        return dict(values)
    steps = _steps_of_one(values.get("protocol", {}), folder)
    resolved = {
        name: dict(each) if isinstance(each, dict) else each for name, each in values.items()
    }
    for (table, key), epochs in said.items():
        try:
            resolved[table][key] = _of(epochs, steps, ranges=key == "period")
        except ValueError as error:
            raise ValueError(f"{table}.{key} = {short(epochs)}: {error}") from None
    return resolved


def _steps_of_one(protocol: Any, folder: Path) -> int:
    """How many steps an epoch has; 1 where data or optimiser are wrong, which is said later."""
    asked = {key: protocol[key] for key in ("data", "optimiser") if key in protocol}
    try:
        checked = Protocol.model_validate(asked, context={"folder": folder})
    except ValidationError:
        return 1
    return checked.optimiser.epoch_steps(int(checked.data.training_points.sum()))


def _of(said: dict[str, Any], steps: int, *, ranges: bool) -> Any:
    """What stands in epochs, in steps."""
    form = "NUMBER, a list or a range" if ranges else "NUMBER"
    if said.keys() != {EPOCHS}:
        raise ValueError(f"must be {{ epochs = {form} }}, and nothing besides")
    epochs = said[EPOCHS]
    if ranges and isinstance(epochs, dict):
        return {key: _number(each, steps) if key in ENDS else each for key, each in epochs.items()}
    if ranges and isinstance(epochs, list):
        return [_number(each, steps) for each in epochs]
    return _number(epochs, steps)


def _number(epochs: Any, steps: int) -> int:
    """Rounded to whole steps."""
    number = isinstance(epochs, int | float) and not isinstance(epochs, bool)
    if not number or not 0 <= epochs <= MAX_STEPS:
        raise ValueError(f"{short(epochs)} is no number of epochs, from 0 to {MAX_STEPS}")
    return math.floor(epochs * steps + 0.5)
