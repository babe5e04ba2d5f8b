"""Follow one network at every step of a window, closely enough to see its branches."""

import numpy as np
import pandas as pd

from dynstudy.config import Configuration, Replicate
from dynstudy.errors import DynstudyError
from dynstudy.launch.follow import OnStep
from dynstudy.launch.replicates import trained
from dynstudy.measure.periods import LEAST_STEPS, local_periods
from dynstudy.measure.window import tail_start
from dynstudy.protocol import Protocol
from dynstudy.train import Curvature

BRANCHES = 4
MULTIPLIERS = 100
"""Of a cycle, about so many over a window."""
MOST_STEPS = 20_000
"""Of a window that is chosen here, where no class's turn ends it before."""


def first_instability(
    configuration: Configuration,
    protocol: Protocol,
    *,
    seed: int,
    backend: str = "auto",
) -> tuple[int, int]:
    """Find where a network first becomes unstable, and the steps that show it.

    Returns:
        FROM and TO: from a quarter of the time that is left of the class's turn before the first
        onset to the end of that turn; of a static loss, and in the tail, to the end of training.

    Raises:
        DynstudyError: no instability sets in.
    """
    alone = [Replicate(configuration, seed)]
    watched = Curvature(onsets=True, until_onset=True)
    ensemble, _, outcome = trained(
        alone, protocol, backend=backend, checkpoints=[0], curvature=watched
    )
    onset, steps = int(outcome.onsets.first[0]), ensemble.steps
    if onset < 0:
        ends = int(outcome.diverged_at[0])
        until = f"its {steps} steps" if ends < 0 else f"{ends} steps, where it diverges"
        raise DynstudyError(
            f"{configuration}, seed {seed}: no instability sets in within {until}; choose steps to "
            "look at with --steps FROM:TO"
        )
    period, end = configuration.period, tail_start(protocol, configuration)
    turn = steps if period is None or onset >= end else (onset // period + 1) * period
    last = min(max(turn, onset + LEAST_STEPS), onset + MOST_STEPS, steps)
    before = max((last - onset) // 4, LEAST_STEPS)
    return max(0, onset - before), last


def every_step(
    configuration: Configuration,
    protocol: Protocol,
    steps: tuple[int, int],
    *,
    seed: int,
    floquet: bool = False,
    backend: str = "auto",
    progress: OnStep = None,
) -> pd.DataFrame:
    """Train a network again, and read it before each step from FROM to TO - 1.

    Args:
        configuration: of the network.
        protocol: how it is trained.
        steps: FROM and TO.
        seed: of the network.
        floquet: find the multiplier of the 2-cycle as well, at about a hundred of them.
        backend: what trains it.
        progress: called with the number of steps taken.

    Returns:
        A row per step k: ``step``, ``branch`` (k mod 4), ``loss`` (that step k descends, with its
        class weights), ``train_accuracy``, ``val_accuracy``, ``cycle`` (1, 2, 4, 8, or 0 for none
        of them: the period of the loss, by `dynstudy.measure.periods`) and ``multiplier``, with its
        ``imaginary`` part (by `dynstudy.train.floquet`; nan where it was not read). A network that
        diverges has no more rows from there on.

    Raises:
        DynstudyError: no such steps, too few of them, or the network diverged before.
    """
    first, last = _checked(configuration, protocol, steps)
    read = range(first, last)
    apart = max(1, len(read) // MULTIPLIERS) | 1  # odd: all phases of a longer cycle come up
    asked = Curvature(multipliers=tuple(read[::apart])) if floquet else None
    _, data, outcome = trained(
        [Replicate(configuration, seed)],
        protocol,
        last,
        backend=backend,
        checkpoints=list(read),
        trace=True,
        curvature=asked,
        progress=progress,
    )
    loss, counts = outcome.losses[0, first:], (outcome.correct[0], outcome.validation_correct[0])
    count = int((np.isfinite(loss) & (counts[0][:, 0] >= 0)).sum())
    if count < LEAST_STEPS:
        raise DynstudyError(
            f"{configuration}, seed {seed}: diverged after {outcome.diverged_at[0]} steps, too "
            f"soon to be followed from step {first} on; choose earlier ones with --steps FROM:TO"
        )
    accuracies = [
        right[:count].sum(1) / len(y)
        for right, y in zip(counts, (data.y, data.validation_y), strict=True)
    ]
    taken = np.arange(first, first + count)
    multipliers = np.full(count, complex(np.nan, np.nan))
    multipliers[::apart] = (
        outcome.spectra.multipliers[0, : -(-count // apart)] if floquet else np.nan
    )
    return pd.DataFrame({
        "step": taken,
        "branch": taken % BRANCHES,
        "loss": loss[:count],
        "train_accuracy": accuracies[0],
        "val_accuracy": accuracies[1],
        "cycle": local_periods(loss[:count]),
        "multiplier": multipliers.real,
        "imaginary": multipliers.imag,
    })


def _checked(
    configuration: Configuration, protocol: Protocol, steps: tuple[int, int]
) -> tuple[int, int]:
    first, last = steps
    end = protocol.at(configuration.learning_rate).training_steps
    written = f"--steps {first}:{last}"
    if first >= last:
        raise DynstudyError(f"{written}: an empty window; FROM must be below TO")
    if last > end:
        raise DynstudyError(f"{written}: beyond the end; training takes {end} steps")
    if last - first < LEAST_STEPS:
        raise DynstudyError(
            f"{written}: too short to tell a period; it takes at least {LEAST_STEPS} steps"
        )
    return first, last
