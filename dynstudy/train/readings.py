"""What is read of networks while they are trained, and what comes out: arrays over an ensemble.

B networks, S steps, C classes, M checkpoints, R records of curvature.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Ints
from dynstudy.train.ensemble import Ensemble, OfNetworks, Parameters


@dataclass(frozen=True)
class Instabilities(OfNetworks):
    """Instabilities of B networks along their training."""

    first: Ints  # (B,) step of the first onset, -1 if there is none
    first_end: Ints  # (B,) where that instability ends, -1 if it does not
    count: Ints  # (B,) onsets in all
    ended: Ints  # (B,) those of them that ended, all but the last one at most
    eigenvalues: NDArray[np.float64]  # (B, 2) λ1 before the step of the first onset and the next
    differences: NDArray[np.float64]  # (B, 2) curvature along v1 there, by finite differences

    @classmethod
    def none(cls, networks: int) -> Self:
        """Nothing seen yet."""
        never = np.full(networks, -1)
        unread = np.full((2, networks, 2), np.nan)
        return cls(never, never.copy(), 0 * never, 0 * never, *unread)


@dataclass(frozen=True)
class Climbs(OfNetworks):
    """Uphill steps of B networks, by `dynstudy.train.climbs`."""

    steps: Ints  # (B,) that were looked at
    uphill: Ints  # (B,) of them
    episodes: Ints  # (B,) of uphill steps that are close

    @classmethod
    def none(cls, networks: int) -> Self:
        """Nothing seen yet."""
        return cls(*(np.zeros(networks, int) for _ in range(3)))

    @property
    def share(self) -> NDArray[np.float64]:
        """(B,) of uphill steps; nan where none was looked at."""
        return np.where(self.steps > 0, self.uphill / np.maximum(self.steps, 1), np.nan)


@dataclass(frozen=True)
class LossSums(OfNetworks):
    """Sums over the steps of F_k, the loss before step k, of B networks.

    The mean between two steps is their sums' difference over that of the steps, whichever others
    are read: so they are kept instead of means.
    """

    so_far: NDArray[np.float64]  # (B,) of all steps that were taken; of no network where unread
    at: NDArray[np.float64]  # (B, L) of all before each of L steps; nan where it does not run there

    @classmethod
    def none(cls, networks: int, steps: int) -> Self:
        """Nothing summed yet, for so many steps at which it is read."""
        return cls(np.zeros(networks if steps else 0), np.full((networks, steps), np.nan))


@dataclass(frozen=True)
class Readings(OfNetworks):
    """What a backend fills in while it trains."""

    checkpoints: Ints  # (B, M) steps after which a network is read, ascending, padded with -1
    correct: NDArray[np.int32]  # (B, M, C) training points of each class classified right, or -1
    validation_correct: NDArray[np.int32]  # (B, M, C) likewise
    losses: NDArray[np.float64]  # (B, S) loss before each step, nan once diverged; (B, 0) untraced
    diverged_at: Ints  # (B,) steps taken when loss or parameters stopped being finite, or -1
    class_losses: NDArray[np.float64]
    """(B, M, 2, C) the static loss's mean over each class of both sets; nan, (B, 0, 2, C) unread"""
    onsets: Instabilities  # of instabilities; of no network where they are not watched for
    climbs: Climbs  # uphill steps, likewise
    loss_sums: LossSums
    until_onset: bool = False  # a network's training ends with its first

    @classmethod
    def empty(
        cls,
        ensemble: Ensemble,
        checkpoints: Ints,
        classes: int,
        trace: bool,
        class_losses: bool = False,
        onsets: bool = False,
        climbs: bool = False,
        until_onset: bool = False,
        loss_steps: int = 0,
    ) -> Self:
        """Nothing read yet."""
        shape = (*checkpoints.shape, classes)
        return cls(
            checkpoints,
            np.full(shape, -1, np.int32),
            np.full(shape, -1, np.int32),
            np.full((len(ensemble), ensemble.steps if trace else 0), np.nan),
            np.full(len(ensemble), -1, np.int64),
            np.full((len(ensemble), shape[1] if class_losses else 0, 2, classes), np.nan),
            Instabilities.none(len(ensemble) if onsets else 0),
            Climbs.none(len(ensemble) if climbs else 0),
            LossSums.none(len(ensemble), loss_steps),
            until_onset,
        )

    @classmethod
    def none(cls, ensemble: Ensemble, classes: int) -> Self:
        """For a state that is looked at by itself: nothing is to be read along its training."""
        return cls.empty(ensemble, np.full((len(ensemble), 1), -1), classes, trace=False)

    @property
    def running(self) -> NDArray[np.bool_]:
        """(B,) which networks have neither diverged nor come to where they end."""
        running = self.diverged_at < 0
        return running & (self.onsets.first < 0) if self.until_onset else running


@dataclass(frozen=True)
class Spectra(OfNetworks):
    """Eigenvalues of the Hessians of B networks at R steps of their training."""

    values: NDArray[np.float64]  # (B, R, n) as `Eigenpairs` has them; nan where nothing was read
    residuals: NDArray[np.float64]  # (B, R, n) |Hv - λv|
    multipliers: NDArray[np.complex128]  # (B, F) of `dynstudy.train.floquet`, likewise

    @classmethod
    def empty(cls, networks: int, records: int, count: int, multipliers: int = 0) -> Self:
        """Nothing read yet."""
        values, residuals = np.full((2, networks, records, count), np.nan)
        return cls(values, residuals, np.full((networks, multipliers), complex(np.nan, np.nan)))


@dataclass(frozen=True)
class Outcome:
    """What training gave; a diverged network is data here, not an error."""

    parameters: Parameters  # at the end, or where a network diverged
    correct: NDArray[np.int32]  # (B, M, C) training points of each class classified right, or -1
    validation_correct: NDArray[np.int32]  # (B, M, C) likewise
    losses: NDArray[np.float64]  # (B, S) loss before each step, nan once diverged; (B, 0) untraced
    diverged_at: Ints  # (B,) steps taken when loss or parameters stopped being finite, or -1
    class_losses: NDArray[np.float64]
    """(B, M, 2, C) the static loss's mean over each class of both sets; nan, (B, 0, 2, C) unread"""
    spectra: Spectra  # of the Hessian, where they were asked for
    onsets: Instabilities  # of instabilities, of no network where they were not
    climbs: Climbs  # uphill steps, likewise
    loss_sums: NDArray[np.float64]
    """(B, L) of F_k over all steps before those asked for; nan from where a network ended"""
    backend: str
    device: str

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """(B,) whether a loss or a parameter was not finite."""
        return self.diverged_at >= 0
