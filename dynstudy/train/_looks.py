"""What is read of networks between two slices of training, of whatever backend."""

from dataclasses import dataclass

from dynstudy.arrays import Ints
from dynstudy.train._read_here import read_class_losses
from dynstudy.train.backends import State, eigenpairs_of
from dynstudy.train.curvature import Curvature, Eigenpairs
from dynstudy.train.ensemble import Data, Ensemble
from dynstudy.train.floquet import multipliers
from dynstudy.train.readings import Readings, Spectra


@dataclass(frozen=True)
class Looks:
    """Looks at the networks of a block, at which training stops."""

    backend: str
    ensemble: Ensemble
    data: Data
    readings: Readings  # filled in
    spectra: Spectra  # filled in
    class_losses: Ints  # steps at which they are read here
    curvature: Curvature

    def read(self, state: State, step: int) -> None:
        """Fill in what is read at a step, if anything is."""
        if step in self.class_losses:
            parameters = state.parameters()
            read_class_losses(parameters, self.ensemble, self.data, self.readings, step)
        if step in self.curvature.loss_steps:
            sums, running = self.readings.loss_sums, self.readings.running
            column = self.curvature.loss_steps.index(step)
            sums.at[running, column] = sums.so_far[running]
        if step in self.curvature.steps:
            record = self.curvature.steps.index(step)
            pairs = self._eigenpairs(state, step)
            self.spectra.values[:, record] = pairs.values
            self.spectra.residuals[:, record] = pairs.residuals
        if step in self.curvature.multipliers:
            record = self.curvature.multipliers.index(step)
            self.spectra.multipliers[:, record] = multipliers(
                self.ensemble, self.data, state.parameters(), step, self.readings.running
            )

    def _eigenpairs(self, state: State, step: int) -> Eigenpairs:
        """Of a backend that has none, `autograd` finds them."""
        if (find := eigenpairs_of(self.backend)) is not None:
            return find(state, step, self.curvature)
        from dynstudy.train.backends._by_autograd import eigenpairs_by_autograd

        there, running = state.parameters(), self.readings.running
        return eigenpairs_by_autograd(
            self.ensemble, self.data, there, running, step, self.curvature
        )
