"""Seeds and a validation spiral that no study uses, for what was chosen to be confirmed on."""

from dynstudy.protocol import Protocol
from dynstudy.section import MAX_SEED

FRESH = 1_000_000
"""Confirmation takes seeds from here on; a study's are below it."""


def fresh_protocol(protocol: Protocol) -> Protocol:
    """The same with a validation spiral that nothing was chosen on."""
    data = protocol.data
    seed = (data.validation_seed + FRESH) % (MAX_SEED + 1)
    if seed == data.train_seed:
        seed += 1
    return protocol.model_copy(update={"data": data.model_copy(update={"validation_seed": seed})})
