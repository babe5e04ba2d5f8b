"""What a study will cost, from a short measured probe."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from dynstudy.config import Cell, Configuration, Replicate
from dynstudy.errors import NoDatabaseError
from dynstudy.launch.backend_check import check_backend, demand
from dynstudy.launch.executors import processes
from dynstudy.launch.replicates import to_arrays, watched
from dynstudy.measure.records import curvature_said, record_steps
from dynstudy.protocol import Protocol
from dynstudy.store.database import database_errors, storage_url
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from dynstudy.task.losses import LOSSES
from dynstudy.train import Data, Ensemble, train
from dynstudy.train.backends import at_once, fastest_that_can, made_as_long, per_device

PROBE_SECONDS = 0.15
WIDTHS_PROBED = 4
RECORDS_PROBED = 3


@dataclass(frozen=True)
class Estimate:
    """Sizes and time of a study."""

    study: str
    cells: int
    networks: int
    network_steps: int
    recorded: int  # networks that the ledger has
    seconds: float  # for those it has not
    device: str  # empty where nothing had to be measured
    least: "Estimate | None" = None  # if all cells are settled at once, where that is looked at
    curvature: str = ""  # what is read of it, in words
    again: int = 0  # networks that the ledger has, and that are trained again to read that
    until_onset: bool = False  # networks may end before
    trained_by: str = ""  # which backend, and why
    data: str = ""  # what was read of them, if they are

    def lines(self) -> list[str]:
        """For a person; from the least to the most where that depends on what is settled when."""
        ends = [self] if self.least is None else [self.least, self]
        networks = " to ".join(str(each.networks) for each in ends)
        steps = " to ".join(f"{each.network_steps:.4g}" for each in ends)
        seconds = " to ".join(duration(each.seconds) for each in ends)
        which = "them" if self.least is None else f"the first {self.least.networks}"
        note = "" if self.least is None else ", as cells are settled"
        about = "at most about" if self.until_onset else "about"
        at_most = ", fewer where networks end at an onset" if self.until_onset else ""
        again = f", {self.again} there but without all of their curvature" if self.again else ""
        return [
            f"study          {self.study}",
            *([f"data           {self.data}"] if self.data else []),
            f"cells          {self.cells}",
            f"networks       {networks} ({ends[0].recorded} of {which} "
            f"already in the ledger{again}){note}",
            f"network-steps  {steps}{at_most}",
            *([f"curvature      {self.curvature}"] if self.curvature else []),
            f"backend        {self.trained_by}",
            f"time           {about} {seconds} on {self.device}"
            if self.device
            else "time           none: everything is in the ledger",
        ]


def duration(seconds: float) -> str:
    """Return seconds as a person says it, in the unit that fits.

    >>> duration(12.3), duration(750), duration(9000)
    ('12 s', '12.5 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def estimate(
    spec: StudySpec, *, backend: str = "auto", storage: str | None = None, extend: bool = False
) -> Estimate:
    """Return the sizes of a study, and the time that this machine takes for what `storage` lacks.

    Nothing is written there; a `StorageError` says that the study could not be run in it.
    """
    trained_by = check_backend(backend, spec)
    all_cells = spec.cells_ahead()
    lacking: Mapping[Configuration, Sequence[int]]
    lacking = {cell.configuration: cell.seeds for cell in all_cells}
    again = 0
    with suppress(NoDatabaseError):  # where there is none, everything is missing
        opened = Storage(storage_url(storage))
        with database_errors(opened.url, opened.engine):
            opened.check_study(spec, extend=extend)
            lacking = ledger_of(opened.engine, spec).lacking(all_cells)
            if spec.protocol.curvature is not None:
                new = ledger_of(opened.engine, spec.plain).lacking(all_cells)
                again = sum(map(len, lacking.values())) - sum(map(len, new.values()))
    missing = {configuration for configuration, seeds in lacking.items() if seeds}
    speeds, device = _speeds(missing, spec, trained_by)

    def of(cells: Sequence[Cell]) -> Estimate:
        networks = sum(cell.replicates for cell in cells)
        network_steps = sum(cell.replicates * cell.steps for cell in cells)
        recorded, seconds = networks, 0.0
        for cell in cells:
            if count := sum(seed in cell.seeds for seed in lacking[cell.configuration]):
                recorded -= count
                seconds += count * cell.steps * speeds(cell.configuration)
        planned = spec.planned_trials({}, len(cells))  # a search's baselines are no cells of it
        sizes = planned, networks, network_steps, recorded
        return Estimate(spec.name, *sizes, seconds, device)

    until_onset = spec.protocol.until is not None
    curvature = curvature_said(spec.protocol)
    most = replace(
        of(all_cells),
        curvature=curvature,
        again=again,
        until_onset=until_onset,
        trained_by=_trained_by(spec, backend),
        data=spec.protocol.data.summary,
    )
    if spec.rounds is None:
        return most
    first = range(spec.rounds.min)
    settled_at_once = [
        cell if cell.configuration.static else replace(cell, seeds=first) for cell in all_cells
    ]
    return replace(most, least=of(settled_at_once))


def _trained_by(spec: StudySpec, backend: str) -> str:
    """Which backend trains a study, and why it is not a faster one."""
    if backend.partition(":")[0] != "auto":
        return f"{backend}, which --backend names"
    reasons: dict[str, list[str]] = {}
    for loss in spec.loss:
        way, passed_over = fastest_that_can(backend, demand(spec, loss))
        reasons.setdefault(way, passed_over)
    return "; ".join(
        f"{way}, since {' and '.join(each)}" if each else f"{way}, the fastest of this machine"
        for way, each in reasons.items()
    )


def _speeds(
    missing: Collection[Configuration], spec: StudySpec, backend: str
) -> tuple[Callable[[Configuration], float], str]:
    """Seconds per network-step of what is to be trained, from probes of some widths; the device."""
    widths = sorted({configuration.width for configuration in missing})
    # with the fewest steps, so that what records take is not taken for too little
    protocol = spec.protocol.at(max((each.learning_rate for each in missing), default=1.0))
    indices = np.linspace(0, max(0, len(widths) - 1), min(WIDTHS_PROBED, len(widths)))
    probed = [widths[int(index)] for index in indices.round()]
    by_loss: dict[str, list[float]] = {}
    device = ""
    for loss in sorted({configuration.loss for configuration in missing}):
        speeds = [_seconds_per_step(loss, width, protocol, backend) for width in probed]
        by_loss[loss], device = [speed for speed, _ in speeds], speeds[0][1]
    return lambda of: float(np.interp(of.width, probed, by_loss[of.loss])), device


def _seconds_per_step(loss: str, width: int, protocol: Protocol, backend: str) -> tuple[float, str]:
    """Seconds per network-step with all that train busy, and the device."""
    static = not LOSSES[loss].dynamical
    cell = Configuration(loss, width, 0.01, None if static else 2.0, None if static else 10)
    shared = per_device(backend)[: processes(backend)]
    count, steps = 2 * at_once(shared[0]), 5
    while True:
        short = protocol.model_copy(update={"steps": steps, "tail": "none"})
        ensemble, data = to_arrays([Replicate(cell, seed) for seed in range(count)], short)
        began = time.perf_counter()
        with made_as_long(shared[0], protocol.training_steps):
            outcome = train(
                ensemble, data, backend=shared[0], checkpoints=[steps], curvature=watched(short)
            )
        seconds = time.perf_counter() - began
        if seconds > PROBE_SECONDS and steps > 5:  # the first call may compile
            device = f"{outcome.device} ({outcome.backend})"
            several = f"{len(shared)} x " if len(shared) > 1 else ""
            each = seconds / (count * steps) + _of_records(ensemble, data, protocol, shared[0])
            return each / len(shared), several + device
        steps = int(steps * max(2.0, min(10.0, 1.2 * PROBE_SECONDS / seconds)))


def _of_records(ensemble: Ensemble, data: Data, protocol: Protocol, backend: str) -> float:
    """Seconds that reading eigenvalues adds to a step of a network, the mean over its training."""
    records = len(record_steps(protocol))
    if not records:
        return 0.0
    short = replace(ensemble, steps=RECORDS_PROBED)
    shortest = protocol.model_copy(update={"steps": RECORDS_PROBED})
    curvature = watched(shortest, tuple(range(RECORDS_PROBED)))
    for _ in range(2):  # the first call may compile
        began = time.perf_counter()
        train(short, data, backend=backend, checkpoints=[RECORDS_PROBED], curvature=curvature)
        seconds = time.perf_counter() - began
    return seconds / (len(ensemble) * RECORDS_PROBED) * records / protocol.training_steps
