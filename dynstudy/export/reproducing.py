"""Train an export again, and say number by number whether it holds.

Where backend, device and processor are those that trained it, every number must come out bit-equal,
whatever the versions, unless the user allows other ones. Elsewhere long trainings part (they
amplify rounding), and means must agree within three joint standard errors. What contradicts itself
is not trained, and what no training can tell is named.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dynstudy.config import Configuration
from dynstudy.export.consistency import ROUNDING, close, contradictions, six_digits
from dynstudy.export.export_file import Export, Measured
from dynstudy.export.measuring import judged, train_all
from dynstudy.export.scratch import scratch_folder
from dynstudy.export.weights import check_weights
from dynstudy.launch.executors import on_this_machine
from dynstudy.launch.progress import Progress
from dynstudy.launch.training import Training
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.origins import Origin, origins
from dynstudy.store.studies import Storage
from dynstudy.study.confirmation import fresh_protocol
from dynstudy.train.backends import load

JOINT_ERRORS = 3.0

BIT_EQUAL = "bit-equal"
STATISTICAL = f"within {JOINT_ERRORS:g} joint standard errors"

MEANS = {"val_accuracy": "sem", "forgetting": "forgetting_sem"}
"""With their standard errors; gains are those of accuracies."""

NEVER_CHECKED = (
    "study, selection and trial: they are of the database that it was exported from",
    "regime and forgets of what was found, but for what its own numbers rule out: all cells of the "
    "study decide with them",
    "provenance: commit, command, system, date, and the versions that trained it",
)
NOT_WITHIN_ERRORS = (
    "each parameter of the weights, single accuracies, train_accuracy, diverged, unrecovered, "
    "measures, and forgets of what was confirmed: they are compared only where all is bit-equal"
)


@dataclass(frozen=True)
class Reproduction:
    """How it went."""

    test: str | None  # which of the two; None where nothing was trained
    rows: list[dict[str, Any]]  # one per configuration and set
    problems: list[str]  # what does not hold, a line each
    loosened: str = ""  # why it is not tested bit for bit, if so
    unchecked: list[str] = field(default_factory=list)  # what this cannot tell, a line each


def reproduce(
    export: Export,
    folder: Path | None = None,
    *,
    backend: str | None = None,
    other_versions: bool = False,
    report: Callable[[Progress], None] | None = None,
    log: Callable[[str], None] | None = None,
) -> Reproduction:
    """Train everything in an export again and compare, unless it contradicts itself.

    Weights are checked if they are in `folder`, that of the export. `backend` trains it; that which
    trained it before if None, or of several the fastest for each loss. Where other versions of the
    packages did, numbers may differ within three joint standard errors if `other_versions`.

    Returns:
        What was tested, what does not hold, and what was not checked.

    Raises:
        BackendError: the backend is not on this machine.
        SpecError: networks start from a file that is not there, nor in `folder`.
        Interrupted: told to stop.
    """
    problems = list(contradictions(export, labels=not other_versions))
    if problems:  # it is not known what its numbers are of
        return Reproduction(None, [], problems)
    export = export.beside(folder or Path())
    trained_by = export.provenance.trained
    trainers = {origin.backend for origin in trained_by}
    backend = backend or ("auto" if len(trainers) > 1 else min(trainers))
    load(backend)
    again: dict[str, dict[Configuration, Measured]] = {}
    keys: list[str] = []
    with scratch_folder() as scratch:
        storage = Storage(f"sqlite:///{scratch}/reproduced.db", create=True)
        protocols = {"found": export.protocol, "confirmed": fresh_protocol(export.protocol)}
        for name, protocol in protocols.items():
            ledger = LaunchLedger(storage.engine, protocol)
            seeds = {
                entry.configuration: entry.measured[name].seeds
                for _, entry in export.labelled_entries()
                if name in entry.measured
            }
            with on_this_machine(backend) as executor:
                train_all(Training(ledger, None, executor, report, log), seeds)
            again[name] = judged(ledger, seeds)
            keys += map(ledger.key, again[name])
        here = origins(storage.engine, keys)
        storage.engine.dispose()
    versions = _other_versions(trained_by, here)
    loosened = _other_machine(trained_by, here) or (versions if other_versions else "")
    rows = []
    for label, entry in export.labelled_entries():
        for name, recorded in entry.measured.items():
            now = again[name][entry.configuration]
            differences = list(_differences(recorded, now, not loosened))
            if name == "confirmed" and not loosened and recorded.forgets != now.forgets:
                differences.append(f"forgets is {recorded.forgets}, training gives {now.forgets}")
            problems += [f"{label}, {name}: {problem}" for problem in differences]
            apart, joint = _apart(recorded, now, "val_accuracy", "sem")
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
    if problems and versions and not loosened:
        problems.append(f"{versions}; --other-versions tests {STATISTICAL}")
    unchecked = [*NEVER_CHECKED, *([NOT_WITHIN_ERRORS] if loosened else [])]
    if folder is not None:
        problems += check_weights(export, folder, None if loosened else backend)
    test = STATISTICAL if loosened else BIT_EQUAL
    return Reproduction(test, rows, problems, loosened, unchecked)


def _other_machine(before: list[Origin], here: list[Origin]) -> str:
    """Where it was trained if not on a machine like this; empty if it was."""
    if {origin.alike for origin in before} == {origin.alike for origin in here}:
        return ""
    machines, these = ({origin.machine for origin in each} for each in (before, here))
    return f"it was trained by {_listed(machines)}, and now by {_listed(these)}"


def _other_versions(before: list[Origin], here: list[Origin]) -> str:
    """Versions that trained it and are not those of here; empty if all are."""
    said, these = (
        {pair for origin in each for pair in origin.versions.items()} for each in (before, here)
    )
    other = sorted(f"{name} {number!r}" for name, number in said - these)
    return f"it was trained with {', '.join(other)[:200]}, not the version here" if other else ""


def _listed(machines: set[str]) -> str:
    return " and ".join(sorted(repr(machine)[:200] for machine in machines))


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
            if not close(said, gives):
                yield f"{number} is {six_digits(said)}, training gives {six_digits(gives)}"
        return
    for number, error in MEANS.items():
        apart, joint = _apart(recorded, now, number, error)
        if joint is None:
            if apart:
                yield f"one replicate has no standard error, and training gives another {number}"
        elif apart > JOINT_ERRORS * joint + ROUNDING:
            said, gives = getattr(recorded, number), getattr(now, number)
            yield (
                f"{number} is {said:.4f}, training gives {gives:.4f}, "
                f"{apart / joint if joint else math.inf:.1f} joint standard errors away"
            )


def _apart(
    recorded: Measured, now: Measured, number: str, error: str
) -> tuple[float, float | None]:
    """The distance of two means, and its standard error."""
    said, gives = getattr(recorded, number), getattr(now, number)
    if said is None or gives is None:
        return float(said is not gives), None
    errors = getattr(recorded, error), getattr(now, error)
    return abs(said - gives), None if None in errors else math.hypot(*errors)
