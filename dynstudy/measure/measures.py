"""All measures: tables, samples, files and their documentation go through them."""

from functools import lru_cache

from dynstudy.measure.accuracy import (
    BALANCED_ACCURACY,
    TRAIN_ACCURACY,
    VAL_ACCURACY,
    VAL_ACCURACY_AT_LAST_PEAK,
    VAL_ACCURACY_BEFORE_TAIL,
)
from dynstudy.measure.forgetting import FORGETTING, LASTING, UNRECOVERED
from dynstudy.measure.instability import (
    EPISODES_PER_OSCILLATION,
    LARGEST_CURVATURE,
    ONSETS_PER_OSCILLATION,
    SHARE_PAST_EDGE,
    SHARE_UPHILL,
)
from dynstudy.measure.measure import Measure
from dynstudy.measure.records import series_asked
from dynstudy.protocol import Protocol

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        VAL_ACCURACY,
        TRAIN_ACCURACY,
        VAL_ACCURACY_BEFORE_TAIL,
        FORGETTING,
        UNRECOVERED,
        LASTING,
        LARGEST_CURVATURE,
        SHARE_PAST_EDGE,
        SHARE_UPHILL,
        EPISODES_PER_OSCILLATION,
        ONSETS_PER_OSCILLATION,
        BALANCED_ACCURACY,
        VAL_ACCURACY_AT_LAST_PEAK,
    )
}

PINNED = (
    "val_accuracy",
    "train_accuracy",
    "val_accuracy_before_tail",
    "forgetting",
    "unrecovered",
    "lasting",
)
"""Those that were there when digests, files and exports got their order, which stays what it was:
what is added later comes after."""

INSTABILITY = (
    SHARE_UPHILL.name,
    SHARE_PAST_EDGE.name,
    ONSETS_PER_OSCILLATION.name,
    LARGEST_CURVATURE.name,
)
"""Four ways to say how unstable training was: before the tail, but for onsets, in all of it."""


def net_names() -> list[str]:
    """The measures that the static loss's is taken off of, wherever they are shown."""
    return [name for name, measure in MEASURES.items() if measure.net]


def added() -> list[Measure]:
    """The measures that came after those whose places are fixed."""
    return [measure for name, measure in MEASURES.items() if name not in PINNED]


def not_asked(protocol: Protocol) -> set[str]:
    """The measures that networks of a protocol do not have."""
    asked = {"", *series_asked(protocol)}
    return {
        name
        for name, measure in MEASURES.items()
        if measure.series not in asked or (measure.unbalanced and protocol.data.balanced)
    }


@lru_cache(maxsize=4096)  # cells of one period share theirs, however many there are
def reads(protocol: Protocol, periods: tuple[int, ...]) -> tuple[int, ...]:
    """The steps to read, ascending: what each measure needs, for each period and for none."""
    if protocol.until is not None:  # a network that ended is read as it ended, whenever it is read
        return (protocol.training_steps,)
    return tuple(
        sorted({
            step
            for measure in MEASURES.values()
            for period in (None, *periods)
            for step in measure.steps(protocol, period)
        })
    )
