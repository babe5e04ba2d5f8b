"""What makes a network what it is: the content of the ledger's keys."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from dynstudy.config import Configuration
from dynstudy.measure.window import tail_start
from dynstudy.protocol import Protocol
from dynstudy.task.schedule import TRIANGLE

NUMERICS = 1
"""Raised when results change (not with every release): what was trained before is trained again."""

DYNAMICAL = ("amplitude", "period", "tail")
"""What networks of a dynamical loss have besides, all of it."""

PLACE = ("width", "learning_rate", "amplitude", "period")
"""Where a network is in the plane of an atlas."""

IF_NOT_AS_ALWAYS = ("until", "network", "optimiser", "schedule")
"""What is content where it is not what it was before there was a choice: no key has changed."""

NULL_BY_DEFAULT = (*DYNAMICAL, *IF_NOT_AS_ALWAYS)
AS_JSON = ("data", "network", "optimiser")
"""Content that is a table; a column has it as JSON."""

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def content(protocol: Protocol, configuration: Configuration) -> dict[str, Any]:
    """Return what makes a network what it is, but for its seed: everything that its key is of.

    The tail counts as the steps that really run at A = 1, so that two ways of asking for the same
    training share it.
    """
    initial = protocol.initial
    protocol = protocol.at(configuration.learning_rate).with_noise(configuration.noise)
    values: dict[str, Any] = {
        "loss": configuration.loss,
        "width": configuration.width,
        "learning_rate": float(configuration.learning_rate),
        "steps": protocol.training_steps,
        "dtype": protocol.dtype,
        "data": protocol.data.content(),
        "initialisation": protocol.network.drawn_by if initial is None else initial.sha256,
        "numerics": NUMERICS,
        **protocol.network.content(),
        **protocol.optimiser.content(),
    }
    if configuration.amplitude is not None:
        values["amplitude"] = float(configuration.amplitude)
        values["period"] = configuration.period
        values["tail"] = protocol.training_steps - tail_start(protocol, configuration)
        if protocol.schedule != TRIANGLE.name:
            values["schedule"] = protocol.schedule
    if protocol.until is not None:
        values["until"] = protocol.until
    return values


def plane_content(protocol: Protocol, loss: str) -> dict[str, Any]:
    """Return what the networks of an atlas share: the content of any, but for `PLACE`.

    Of the tail it is how it is asked for, since its steps may depend on the period.
    """
    values = content(protocol, Configuration(loss, 1, 1.0, 2.0, 2))
    for name in PLACE:
        del values[name]
    return values | {"tail": protocol.tail}


def recorded_protocol(
    steps: int, tail: int | None, dtype: str, data: str, schedule: str | None
) -> Protocol:
    """How a network was trained as far as its measures need it, of the columns of its row."""
    whole = {"steps": steps, "tail": tail or "none", "dtype": dtype, "data": json.loads(data)}
    return Protocol.model_validate(whole | ({"schedule": schedule} if schedule else {}))


def digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of canonical JSON, without nan, in 64 hexadecimal digits.

    >>> digest({"b": 1, "a": 2.0}) == digest({"a": 2.0, "b": 1})
    True
    """
    return hashlib.sha256(_CANONICAL.encode(values).encode()).hexdigest()


def configuration_key(protocol: Protocol, configuration: Configuration) -> str:
    """The key that all replicates of a cell share."""
    return digest(content(protocol, configuration))


def network_keys(values: Mapping[str, Any]) -> Callable[[int], str]:
    """Return the keys of a cell's networks as a function of the seed, from the cell's `content`.

    Each is the `digest` of that and the seed, in a tenth of the time: what they share is hashed
    once.
    """
    before, after = _CANONICAL.encode({**values, "seed": 0}).split('"seed":0,')
    shared = hashlib.sha256(before.encode())

    def key(seed: int) -> str:
        network = shared.copy()
        network.update(f'"seed":{seed},{after}'.encode())
        return network.hexdigest()

    return key
