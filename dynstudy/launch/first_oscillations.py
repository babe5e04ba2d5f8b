"""One network trained again over its first oscillations, and read at every step: figure 2.

Nothing is recorded. Beyond the edge of stability a network goes to and fro from step to step: only
readings at every step, and eigenvalues in pairs, show the branches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.config import Configuration, Replicate
from dynstudy.errors import DynstudyError
from dynstudy.launch.follow import OnStep
from dynstudy.launch.replicates import started, to_arrays, trained
from dynstudy.measure.landscape import FirstOscillations
from dynstudy.measure.records import in_pairs
from dynstudy.measure.window import tail_start
from dynstudy.protocol import Protocol
from dynstudy.train import Curvature, Outcome, Parameters
from dynstudy.train.landscape import check_landscape, landscape_slices

OSCILLATIONS = 2  # if nothing else is asked for
BEYOND = 0.1  # of an oscillation, that is read after the last one
PAIRS = 1000  # of steps at which eigenvalues are read, evenly
NEAR = 0.04  # of an oscillation: as near to an onset, or to the last switch, they are read at all
MOST_NEAR = 500  # steps on either side
MOST_ONSETS = 8  # that are looked for
MOST_SLICES = 6
MOST_STEPS = 200_000
APART = 0.05  # of an oscillation, between the first onset and the slices before and after it


@dataclass(frozen=True)
class _Network:
    """A network that is trained again and again: a few thousand steps are a matter of a moment."""

    replicate: Replicate
    protocol: Protocol
    backend: str
    progress: OnStep

    def run(self, steps: int, **how: Any) -> Outcome:
        """Take its first steps."""
        how |= {"backend": self.backend, "progress": self.progress}
        return trained([self.replicate], self.protocol, steps, **how)[2]

    def before(self, step: int) -> Parameters:
        """Where it is before a step."""
        if step:
            return self.run(step, checkpoints=[step]).parameters
        return started(*to_arrays([self.replicate], self.protocol), self.protocol)

    def onsets(self, first: int, count: int, end: int) -> list[int]:
        """The first onsets of instabilities, so many, by how many there are up to a step."""
        onsets = [first] * min(count, 1)
        while len(onsets) < count:
            fewer, enough = onsets[-1] + 1, end  # steps taken
            while enough - fewer > 1:
                middle = (fewer + enough) // 2
                watched = self.run(middle, checkpoints=[middle], curvature=Curvature(onsets=True))
                if watched.onsets.count[0] > len(onsets):
                    enough = middle
                else:
                    fewer = middle
            onsets.append(enough - 1)
        return onsets


def first_oscillations(
    configuration: Configuration,
    protocol: Protocol,
    *,
    seed: int = 0,
    oscillations: int | None = None,
    at: Sequence[int] | None = None,
    backend: str = "auto",
    progress: OnStep = None,
) -> FirstOscillations:
    """Train a network over its first oscillations, and read every step.

    Args:
        configuration: a dynamical one.
        protocol: how it is trained.
        seed: of the network.
        oscillations: how many, two (or all there are) if None, and a tenth of one beyond.
        at: steps at which the landscape about it is sliced; if None, before the first onset of an
            instability, there, after it, and where the last of these oscillations ends.
        backend: see `dynstudy.train.train`; the landscape needs PyTorch.
        progress: called with the steps taken of each of several trainings.

    Returns:
        What was read.

    Raises:
        DynstudyError: it has no oscillations, or not so many; it diverges, or a slice is asked for
            at a step that is none of these.
        BackendError: there is no PyTorch, it is of no layers, or the backend cannot train it.
    """
    period, count, end = _shown(configuration, protocol, oscillations)
    replicate = Replicate(configuration, seed)
    ensemble, data = to_arrays([replicate], protocol)
    if at is not None:
        _check(at, end)
    check_landscape(protocol.network)
    network, every = _Network(replicate, protocol, backend, progress), np.arange(end + 1)
    read = network.run(end, checkpoints=every, trace=True, curvature=Curvature(onsets=True))
    if read.diverged[0]:
        raise DynstudyError(
            f"{configuration}: the network of seed {seed} diverged after {read.diverged_at[0]} "
            f"steps, before the {end} that are shown"
        )
    seen = int(read.onsets.count[0])
    onsets = network.onsets(int(read.onsets.first[0]), min(seen, MOST_ONSETS), end)
    records = _records(end, period, [*onsets, count * period])
    spectra = network.run(end, checkpoints=[end], curvature=Curvature(records)).spectra
    eigenvalues = np.full((end, 2), np.nan)
    eigenvalues[list(records)] = spectra.values[0]
    gammas = ensemble.class_weights(every[:-1, None], data.classes)[:, 0]
    columns = {
        "step": every[:-1],
        "loss": read.losses[0],
        "train_accuracy": read.correct[0, :-1].sum(-1) / len(data.y),
        **{f"gamma_{c}": gammas[:, c] for c in range(data.classes)},
        **{f"lambda_{i + 1}": eigenvalues[:, i] for i in range(2)},
    }
    steps = sorted(set(at)) if at is not None else _default(onsets, count, period, end)
    starts = {step: network.before(step) for step in steps}
    try:
        slices = landscape_slices(ensemble, data, starts)
    except ValueError as error:
        raise DynstudyError(f"{configuration}: {error}; choose other steps") from None
    return FirstOscillations(
        pd.DataFrame(columns),
        tuple(onsets),
        seen,
        period,
        count,
        configuration.learning_rate,
        tuple(slices),
    )


def _shown(
    configuration: Configuration, protocol: Protocol, oscillations: int | None
) -> tuple[int, int, int]:
    """T, how many oscillations are shown, and after how many steps that ends."""
    period = configuration.period
    if period is None:
        raise DynstudyError(f"{configuration} is static: it has no oscillations to show")
    there = tail_start(protocol, configuration) // period
    count = min(there, OSCILLATIONS) if oscillations is None else oscillations
    if not 1 <= count <= there:
        raise DynstudyError(f"{count} oscillations: {configuration} has 1 to {there}")
    steps = protocol.at(configuration.learning_rate).training_steps
    end = min(steps, round((count + BEYOND) * period))
    if end > MOST_STEPS:
        raise DynstudyError(
            f"{count} oscillations of {configuration} are {end} steps; each is read, at most "
            f"{MOST_STEPS}"
        )
    return period, count, end


def _check(at: Sequence[int], end: int) -> None:
    if not 1 <= len(set(at)) <= MOST_SLICES:
        raise DynstudyError(f"slices at {len(set(at))} steps: a picture has room for {MOST_SLICES}")
    for step in at:
        if not 0 <= step < end:
            raise DynstudyError(
                f"a slice at step {step}: there is none; these oscillations have 0 to {end - 1}"
            )


def _records(end: int, period: int, near: Sequence[int]) -> tuple[int, ...]:
    """Steps before which eigenvalues are read: in pairs, and all of them near some steps."""
    even = in_pairs(range(0, end - 1, max(2, -(-end // PAIRS))), end - 1)
    reach = min(round(NEAR * period), MOST_NEAR)
    close = {k for step in near for k in range(max(step - reach, 0), min(step + reach, end))}
    return tuple(sorted(close.union(even)))


def _default(onsets: Sequence[int], count: int, period: int, end: int) -> list[int]:
    """Before the first onset, there, after it and at the last switch; without one, evenly."""
    last = min(count * period, end - 1)
    if not onsets:
        return sorted({round(last * part / 4) for part in range(1, 5)})
    apart = max(1, round(APART * period))
    steps = {max(onsets[0] - apart, 0), onsets[0], onsets[0] + apart, last}
    return sorted(step for step in steps if step < end)
