"""Seeds and validation points that no study uses, for what was chosen to be confirmed on."""

from dynstudy.protocol import Protocol

FLATTERED = "the best of many is flattered"
"""By chance; said wherever one is shown."""
CONFIRM = f"{FLATTERED}; dynstudy export trains it again on fresh seeds"

FRESH = 1_000_000
"""Confirmation takes seeds from here on; a study's are below it."""


def fresh_protocol(protocol: Protocol) -> Protocol:
    """The same with validation points that nothing was chosen on."""
    return protocol.model_copy(update={"data": protocol.data.fresh(FRESH)})
