"""How much of what a class learned on its own turn is lost on the others' turns, and for good.

The accuracy a_c on class c is read in the middle, where Γ_c peaks, and at the end of each of the
last 3C oscillations, and once more at the end of training, on the validation set. Three kinds are
told apart: *forgetting* (at the others' peaks), *unrecovered* (when its turn comes again) and
*lasting* (after the static tail).

Studies of continual learning measure the same with tasks in the place of turns. Average forgetting
(Chaudhry et al. 2018, arXiv:1801.10112) is the largest accuracy that a task ever had minus what it
has at the end, averaged over tasks; backward transfer (Lopez-Paz & Ranzato 2017, arXiv:1706.08840)
is the accuracy at the end minus the one right after a task's own training. So *unrecovered* is
minus the backward transfer over one cycle, and *lasting* minus that over the rest of training.

Neither takes a maximum over time as average forgetting does, which would mislead here. The accuracy
on one class is no accuracy of a task: a network that answers one class for everything scores 1 on
it and has learned nothing, and oscillating networks pass through such states. A maximum over time
finds just these, and would call leaving them forgetting. At the end of a class's turn all weights
are equal again, and several turns are averaged.
"""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from dynstudy.arrays import Array
from dynstudy.measure.measure import CellReadings, Measure
from dynstudy.measure.window import CYCLES_READ, forgetting_window
from dynstudy.protocol import Protocol
from dynstudy.task.schedule import SCHEDULES, TRIANGLE, ScheduleKind

CATASTROPHIC = 0.4
"""Forgetting significantly above this is called catastrophic."""


def forgetting(
    middle: Array, end: Array, first: int, schedule: ScheduleKind = TRIANGLE
) -> tuple[Array, Array]:
    """Return forgetting and unrecovered (R,) of each network; nan below C + 1 oscillations.

    Of accuracies (R, K, C) on each class in the middle and at the end of K successive oscillations;
    the number of the `first` of them and the schedule tell whose turn it is. For each class c and
    each of its own oscillations that all of the others' follow up to its next one (C - 1, where
    classes take turns in one order), *forgetting* = a_c(own end) - min over the others' middles of
    a_c, and *unrecovered* = a_c(own end) - a_c(end of the last of the others), averaged per class
    and then over classes. Subtract the same statistic of the static loss, read at the same steps,
    to know what the oscillation did.

    >>> end = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]], float)  # knows only the last
    >>> lost, missing = forgetting(end, end, first=0)
    >>> lost.tolist(), missing.tolist()
    ([1.0], [1.0])
    """
    replicates, count, classes = end.shape
    lost: list[list[Array]] = [[] for _ in range(classes)]
    missing: list[list[Array]] = [[] for _ in range(classes)]
    # the next turn of a class is at most 2C - 1 later: first in one cycle, last in the next
    ahead = schedule.emphasised(first + np.arange(count + 2 * classes), classes)
    for turn, c in enumerate(ahead[:count]):
        after = turn + 1 + int(np.argmax(ahead[turn + 1 :] == c))  # its next one
        if turn + 1 == after or after > count:
            continue  # no other turn lies between, or not all of them were read
        learned = end[:, turn, c]
        lost[c].append(learned - middle[:, turn + 1 : after, c].min(axis=1))
        missing[c].append(learned - end[:, after - 1, c])

    def mean(per_class: list[list[Array]]) -> Array:
        # with few oscillations, some classes have no turn that all of the others' follow
        means = [np.mean(turns, axis=0) for turns in per_class if turns]
        defined = count > classes and means
        return np.mean(means, axis=0) if defined else np.full(replicates, np.nan)

    return mean(lost), mean(missing)


def lasting(end: Array, final: Array, first: int, schedule: ScheduleKind = TRIANGLE) -> Array:
    """Return what each network (R,) lost for good: still missing after the static tail.

    For each class c, the mean of a_c at the ends of its last three own oscillations (of the K that
    were read; the number of the `first` of them and the schedule tell whose turn it is) minus a_c
    at the end of training; then the mean over classes. `end` is (R, K, C), `final` (R, C); nan
    where a class has no own oscillation, as with fewer than C. Subtract the same statistic of the
    static loss, read at the same steps. It is negative where the tail taught more than was lost.

    >>> end = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]], float)  # knows only the last
    >>> final = np.array([[0.9, 0.9, 0.6]])
    >>> lasting(end, final, first=0).round(3).tolist()
    [0.2]
    """
    replicates, count, classes = end.shape
    emphasised = schedule.emphasised(first + np.arange(count), classes)
    if len(np.unique(emphasised)) < classes:
        return np.full(replicates, np.nan)
    own_ends = []
    for c in range(classes):
        turns = np.flatnonzero(emphasised == c)[-CYCLES_READ:]
        own_ends.append(end[:, turns, c].mean(axis=1))
    return (np.stack(own_ends, axis=1) - final).mean(axis=1)


@lru_cache(maxsize=1)  # the three measures follow each other
def kinds(readings: CellReadings) -> tuple[Array, Array, Array]:
    """Forgetting, unrecovered and lasting, (R,) each; nan where undefined, unread or diverged."""
    wanted = _steps(readings.protocol, readings.period)
    if readings.period is None or not set(wanted) <= set(readings.steps):
        undefined = np.full(len(readings.diverged), np.nan)
        return undefined, undefined, undefined
    span = forgetting_window(readings.protocol, readings.period)
    middle, end, final = (
        readings.at(steps).validation_accuracy
        for steps in (span.middles, span.ends, [readings.protocol.training_steps])
    )
    schedule = SCHEDULES[readings.protocol.schedule]
    lost, missing = forgetting(middle, end, span.first, schedule)
    lasts = lasting(end, final[:, 0], span.first, schedule)
    for values in (lost, missing, lasts):
        values[readings.diverged] = np.nan
    return lost, missing, lasts


def _steps(protocol: Protocol, period: int | None) -> Iterable[int]:
    """The middles and ends of the last oscillations, and the end."""
    if period is None:
        return [protocol.training_steps]
    span = forgetting_window(protocol, period)
    return [*span.middles.tolist(), *span.ends.tolist(), protocol.training_steps]


FORGETTING = Measure(
    "forgetting",
    "forgetting",
    "accuracy",
    "how much of the validation accuracy on a class, at the end of its own turn, is lost at the "
    "worst of the others' peaks, mean over turns and classes",
    _steps,
    lambda readings: kinds(readings)[0],
    net=True,
)
UNRECOVERED = Measure(
    "unrecovered",
    "unrecovered forgetting",
    "accuracy",
    "how much of the validation accuracy on a class, at the end of its own turn, is missing when "
    "its turn comes again, mean over turns and classes",
    _steps,
    lambda readings: kinds(readings)[1],
    net=True,
)
LASTING = Measure(
    "lasting",
    "lasting forgetting",
    "accuracy",
    "how much of the validation accuracy on a class, at the ends of its last own turns, is missing "
    "after the static tail, mean over classes",
    _steps,
    lambda readings: kinds(readings)[2],
    net=True,
)
