"""Take the best configurations away, confirmed on seeds and validation points of their own.

The best of many is flattered. What is chosen is trained again on fresh seeds and read on a
fresh validation spiral, together with its static baseline; that number is the one to expect.
Of a data set that there is once, fresh is the split: its points are from the same data.
"""

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap, conditional, regime_map
from dynstudy.config import Configuration
from dynstudy.errors import ExportError
from dynstudy.export.export_file import (
    VERSION,
    Entry,
    Export,
    Measured,
    Provenance,
    Selection,
)
from dynstudy.export.measuring import judged, train_all
from dynstudy.export.words import By, Per
from dynstudy.launch.backend_check import check_backend
from dynstudy.launch.executors import on_this_machine
from dynstudy.launch.progress import Progress
from dynstudy.launch.training import Training
from dynstudy.report.rows import frame_rows
from dynstudy.statistics.columns import configuration_in
from dynstudy.store.keys import configuration_key
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.launches import claim
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.origins import origins
from dynstudy.store.provenance import command_line, git_state, versions
from dynstudy.store.studies import Storage
from dynstudy.study.confirmation import FRESH, fresh_protocol
from dynstudy.study.spec import BASELINE_FACTOR
from dynstudy.study.tried import finished


def export(
    storage: Storage,
    name: str,
    *,
    top: int = 1,
    by: By | None = None,
    per: Per | None = None,
    confirm: int | None = None,
    backend: str = "auto",
    report: Callable[[Progress], None] | None = None,
    log: Callable[[str], None] | None = None,
) -> Export:
    """The best configurations of a study, each runnable and with what to expect of it.

    `top` of them, or of each width or loss if `per` says so, best `by` what the study maximizes
    unless said; ``pareto`` is the front of that
    and width, all of it. Each is trained on `confirm` fresh seeds: the study's replicates (the most
    that a cell may have) if None, none if 0.

    Returns:
        The export, sealed with its digest.

    Raises:
        StudyNotFoundError: there is no such study.
        ExportError: it has not so many complete cells.
        BackendError: the backend is not on this machine.
        Interrupted: told to stop; the networks trained so far are in the ledger.
    """
    regimes = regime_map(storage, name)
    spec = regimes.spec.plain
    if spec.protocol.until is not None:
        raise ExportError(
            f"study {name!r}: its networks end at their first onset, and none is to be chosen by "
            "how accurate it is then; --format csv writes all of them"
        )
    by = by or spec.best_by
    count = spec.most_replicates if confirm is None else confirm
    if count and spec.protocol.one_network:
        raise ExportError(
            f"study {name!r}: its networks start from one file on one training set, so that no "
            "seed gives another one to confirm with; --confirm 0"
        )
    if not count and spec.cells_are_tiles:
        raise ExportError(
            f"study {name!r}: of a tile, the middle is exported, where nothing is trained "
            "before it is confirmed; leave out --confirm 0"
        )
    trained_by = check_backend(backend, spec)
    rows, candidates = _choose(regimes, top, by, per)
    records = frame_rows(rows)
    chosen = list(map(configuration_in, records))
    planned = {
        configuration: range(record["replicates_planned"])
        for configuration, record in zip(chosen, records, strict=True)
    }
    for configuration in chosen:
        planned.setdefault(configuration.baseline(), spec.baseline_seeds)

    ledger = ledger_of(storage.engine, spec)
    before = judged(ledger, planned)
    for configuration, record in zip(chosen, records, strict=True):
        labels = {name: record[name] for name in ("regime", "forgets")}  # as the whole map has them
        before[configuration] = before[configuration].model_copy(update=labels)
    if spec.cells_are_tiles:  # which were found at other places than the middle
        before = {}
    keys = [ledger.key(each) for each in planned if each in before]
    after: dict[Configuration, Measured] = {}
    if count:
        storage.upgrade()
        fresh_ledger = LaunchLedger(storage.engine, fresh_protocol(spec.protocol))
        fresh = dict.fromkeys(chosen, range(FRESH, FRESH + count))
        for configuration in chosen:
            fresh[configuration.baseline()] = range(FRESH, FRESH + BASELINE_FACTOR * count)
        number = storage.study_id(storage.study(name))
        executor = on_this_machine(trained_by)
        with claim(storage.engine, number, spec, backend) as launch, executor:
            train_all(Training(fresh_ledger, launch, executor, report, log), fresh)
        after = judged(fresh_ledger, fresh)
        keys += map(fresh_ledger.key, fresh)

    trials = finished(storage.study(name))

    def entry(configuration: Configuration) -> Entry:
        return Entry(
            **asdict(configuration),
            key=configuration_key(spec.protocol, configuration),
            trial=trials.get(configuration),
            found=before.get(configuration),
            confirmed=after.get(configuration),
        )

    return Export(
        dynstudy_export=VERSION,
        study=name,
        conditional=conditional(spec.protocol),
        protocol=spec.protocol,
        fresh_validation_seed=(
            fresh_protocol(spec.protocol).data.validation_seed if count else None
        ),
        selection=Selection(
            by=by,
            top=top,
            per=per,
            candidates=candidates,
            looks=list(spec.rounds.looks) if spec.rounds else None,
        ),
        provenance=_provenance(storage, keys),
        configuration=list(map(entry, chosen)),
        baseline=[entry(static) for static in planned if static not in chosen],
    ).sealed()


def _choose(regimes: RegimeMap, top: int, by: By, per: Per | None) -> Any:
    """The rows of the best, best first (by width or loss first, if `per`), and out of how many."""
    candidates = _candidates(regimes, by)
    if per == "pareto":  # all of it, whatever `top` is
        front = regimes.pareto_front(by).index.intersection(candidates.index)
        return candidates.loc[front].sort_values("width", kind="stable"), len(candidates)
    if per is None:
        chosen, largest = candidates.head(top), len(candidates)
    else:
        groups = candidates.groupby(per, sort=False)
        chosen = groups.head(top).sort_values(per, kind="stable")
        largest = int(groups.size().max())
    if top > largest:
        each = f" of any {per}" if per else ""
        raise ExportError(
            f"--top {top}: study {regimes.spec.name!r} has only {largest} cells{each}"
        )
    return chosen, len(candidates)


def _candidates(regimes: RegimeMap, by: str) -> pd.DataFrame:
    """Cells whose replicates are all there and where what is compared is defined, best first."""
    name, ranked = regimes.spec.name, regimes.ranked(by)
    complete = ranked[ranked.replicates >= ranked.replicates_planned]
    if not len(complete):
        raise ExportError(f"study {name!r} has no complete cell yet; run it first")
    defined = complete[complete[by].notna()]
    if not len(defined):
        raise ExportError(
            f"study {name!r} has no cell with a gain, for want of baselines; use --by val_accuracy"
        )
    return defined


def _provenance(storage: Storage, keys: Sequence[str]) -> Provenance:
    commit, clean = git_state()
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command_line(),
        system=platform.platform(),
        versions=versions(),
        git_commit=commit,
        git_clean=clean,
        trained=origins(storage.engine, keys),
    )
