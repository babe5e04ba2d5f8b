"""Train an export again, and say number by number whether it holds.

Where backend, device, processor and versions are those that trained it, every number must come out
bit-equal. Elsewhere long trainings part (they amplify rounding), and the mean over the replicates
must agree within three joint standard errors. What a file says twice must agree in any case: means
with the accuracies they are of, keys with configurations, all of it with its digest.
"""

import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynstudy.config import Configuration
from dynstudy.export.export_file import Entry, Export, Measured
from dynstudy.export.measuring import judged, train_all
from dynstudy.launch.training import Progress, Training
from dynstudy.measure.accuracy import or_none
from dynstudy.statistics.two_samples import Difference, Moments
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.origins import origins
from dynstudy.store.studies import Storage
from dynstudy.study.confirmation import fresh_protocol
from dynstudy.train.backends import load

JOINT_ERRORS = 3.0
ROUNDING = 1e-9
"""Relative; of statistics, whose last bits depend on SciPy."""

BIT_EQUAL = "bit-equal"
STATISTICAL = f"within {JOINT_ERRORS:g} joint standard errors"
WRONG_KEY = (
    "its key is not that of its loss, width, learning rate, amplitude and period under this "
    "protocol; one of them was changed, so nothing was trained"
)


@dataclass(frozen=True)
class Reproduction:
    """How it went."""

    test: str | None  # which of the two; None where nothing was trained
    rows: list[dict[str, Any]]  # one per configuration and set
    problems: list[str]  # what does not hold, a line each


def reproduce(
    export: Export,
    *,
    backend: str | None = None,
    report: Callable[[Progress], None] | None = None,
    log: Callable[[str], None] | None = None,
) -> Reproduction:
    """Train everything in an export again and compare.

    `backend` trains it; that which trained it before if None.

    Returns:
        What was tested, and what does not hold.

    Raises:
        BackendError: the backend is not on this machine.
        Interrupted: told to stop.
    """
    entries = [
        (f"{kind} {number}", entry)
        for kind, several in (
            ("configuration", export.configuration),
            ("baseline", export.baseline),
        )
        for number, entry in enumerate(several, start=1)
    ]
    wrong_keys = [
        f"{label}: {WRONG_KEY}" for label, entry in entries if export.key_of(entry) != entry.key
    ]
    problems = [*_inconsistencies(export, entries), *wrong_keys]
    if wrong_keys:  # it is not known what the numbers were measured on
        return Reproduction(None, [], problems)
    trained_by = export.provenance.trained
    backend = backend or (trained_by[0].backend if trained_by else "auto")
    load(backend)
    again: dict[str, dict[Configuration, Measured]] = {}
    keys: list[str] = []
    with tempfile.TemporaryDirectory(prefix="dynstudy-") as folder:
        storage = Storage(f"sqlite:///{folder}/reproduced.db", create=True)
        protocols = {"found": export.protocol, "confirmed": fresh_protocol(export.protocol)}
        for name, protocol in protocols.items():
            ledger = LaunchLedger(storage.engine, protocol)
            seeds = {
                entry.configuration: entry.measured[name].seeds
                for _, entry in entries
                if name in entry.measured
            }
            train_all(Training(ledger, None, backend, report, log), seeds)
            again[name] = judged(ledger, seeds)
            keys += map(ledger.key, again[name])
        here = {origin.arithmetic for origin in origins(storage.engine, keys)}
        storage.engine.dispose()
    exact = here == {origin.arithmetic for origin in trained_by}
    rows = []
    for label, entry in entries:
        for name, recorded in entry.measured.items():
            now = again[name][entry.configuration]
            differences = list(_differences(recorded, now, exact))
            problems += [f"{label}, {name}: {problem}" for problem in differences]
            apart, joint = _apart(recorded, now)
            rows.append({
                "entry": label,
                "set": name,
                "configuration": str(entry.configuration),
                "replicates": recorded.replicates,
                "recorded": recorded.val_accuracy,
                "recorded_sem": recorded.sem,
                "reproduced": now.val_accuracy,
                "reproduced_sem": now.sem,
                "joint_errors_apart": apart / joint if joint else None,
                "passed": not differences,
            })
    return Reproduction(BIT_EQUAL if exact else STATISTICAL, rows, problems)


def _inconsistencies(export: Export, entries: list[tuple[str, Entry]]) -> Iterator[str]:
    """What can be seen without training anything."""
    for changed in export.changed():
        yield f"since the file was written, something was changed: {changed}"
    by_configuration = {entry.configuration: entry for _, entry in reversed(entries)}
    for label, entry in entries:
        static = None
        if not entry.configuration.static:
            static = by_configuration.get(entry.configuration.baseline())
        for name, recorded in entry.measured.items():
            against = static.measured.get(name) if static is not None else None
            for problem in _contradictions(recorded, against):
                yield f"{label}, {name}: {problem}"


def _contradictions(recorded: Measured, static: Measured | None) -> Iterator[str]:
    """Numbers that do not follow from the accuracies beside them."""
    if len(recorded.val_accuracies) != recorded.replicates:
        yield (
            f"replicates is {recorded.replicates}, but val_accuracies has "
            f"{len(recorded.val_accuracies)}"
        )
        return
    moments = Moments.of([np.array(recorded.val_accuracies)])
    mean, sem = moments.mean[0], moments.variance[0] ** 0.5
    expected = {"val_accuracy": float(mean), "sem": or_none(sem)}
    if static is not None and recorded.gain is not None:
        gain = Difference.between(moments, Moments.of([np.array(static.val_accuracies)]))
        low, high = gain.interval()
        expected |= {
            "gain": float(gain.estimate[0]),
            "gain_low": or_none(low[0]),
            "gain_high": or_none(high[0]),
        }
    for number, value in expected.items():
        said = getattr(recorded, number)
        if not _close(said, value):
            yield f"{number} is {_shown(said)}, its val_accuracies give {_shown(value)}"


def _differences(recorded: Measured, now: Measured, exact: bool) -> Iterator[str]:
    """What training gave otherwise than the file says."""
    if exact:
        accuracies = zip(recorded.val_accuracies, now.val_accuracies, strict=False)
        for seed, (before, after) in enumerate(accuracies, start=recorded.first_seed):
            if before != after:
                yield f"val_accuracies of seed {seed} is {before}, training gives {after}"
        trained = now.numbers()
        for number, said in recorded.numbers().items():
            gives = trained.get(number)
            if not _close(said, gives):
                yield f"{number} is {_shown(said)}, training gives {_shown(gives)}"
        return
    apart, joint = _apart(recorded, now)
    if joint is None:
        if apart:
            yield "one replicate has no standard error, and training gives another value"
    elif apart > JOINT_ERRORS * joint + ROUNDING:
        yield (
            f"val_accuracy is {recorded.val_accuracy:.4f}, training gives {now.val_accuracy:.4f}, "
            f"{apart / joint if joint else math.inf:.1f} joint standard errors away"
        )


def _apart(recorded: Measured, now: Measured) -> tuple[float, float | None]:
    """The distance of two means, and its standard error."""
    apart = abs(recorded.val_accuracy - now.val_accuracy)
    if recorded.sem is None or now.sem is None:
        return apart, None
    return apart, math.hypot(recorded.sem, now.sem)


def _close(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=ROUNDING, abs_tol=1e-12)


def _shown(value: float | None) -> str:
    return "absent" if value is None else f"{value:.6g}"
