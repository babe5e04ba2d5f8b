"""What the GPU kernel keeps of a network to see instabilities set in.

So many numbers by name, in float64, and the biases after the step of the first onset. In the
parameters' precision, behind them: the units' after that step, the step's gradient, and the
gradient of the last step. A gradient's rows are in all C columns: for each tile of units W1[0],
W1[1], b1 and the columns of W2, then b2, each in a row's first lane.
"""

from dataclasses import dataclass

import numpy as np

from dynstudy.arrays import Array
from dynstudy.train.backends._gpu_shapes import LINE, Shape, unpacked
from dynstudy.train.ensemble import Floats

RATE, AMPLITUDE, SLOPE, PERIOD, TAIL_START = range(5)
"""What a step needs but once; no register is left for it."""
SETTINGS = ("rates", "amplitudes", "slopes", "periods", "tail_starts")
"""These, as the kernel's arguments are called."""
AVERAGE, SQUARE, FIRST, FIRST_END, COUNT, ENDED, STORED = range(5, 12)
"""E and |g|² of the last step; the first onset and its end, how many, and how many of them ended;
how many numbers have a name."""


@dataclass(frozen=True)
class WatchLayout:
    """Where these numbers are, for networks of a shape."""

    shape: Shape
    outputs: int  # K
    classes: int  # C

    @property
    def units(self) -> int:
        """How many numbers the parameters of units are, as the kernel packs them."""
        return -(-self.shape.tiles * (3 + self.outputs) // LINE) * LINE * self.shape.lanes

    @property
    def gradient(self) -> int:
        """How many a gradient is, of whole grids of rows and lanes."""
        rows = self.shape.tiles * (3 + self.classes) + self.classes
        return -(-rows // self.shape.rows) * self.shape.rows * self.shape.lanes

    @property
    def behind(self) -> int:
        """How many numbers are kept behind the parameters."""
        return self.units + 2 * self.gradient

    def nothing_yet(self, settings: Array) -> Array:
        """Of networks with these settings (b, 5): gradients that never turned about, no onset."""
        watch = np.zeros((len(settings), STORED + self.outputs))
        watch[:, : settings.shape[1]] = settings
        watch[:, AVERAGE], watch[:, FIRST], watch[:, FIRST_END] = 1, -1, -1
        return watch

    def around_onset(self, watch: Array, lines: Floats, width: int) -> list[tuple[Floats, Floats]]:
        """Parameters before the step of the first onset, which is taken back, and after it.

        Args:
            watch: (b, w) of networks that had one.
            lines: (b, l) their parameters and what is behind them.
            width: H of the widest.

        Returns:
            Both times W1, b1 and W2 of units in rows (b, 3 + K, H), and b2 (b, K).
        """
        b, K, C, shape = len(watch), self.outputs, self.classes, self.shape
        _, units, gradient, _ = np.split(
            lines, np.cumsum([self.units, self.units, self.gradient]), axis=1
        )
        biases, of_here = watch[:, STORED:], unpacked(units, shape, K, width)
        of_biases = gradient.reshape(b, -1, shape.lanes)[:, shape.tiles * (3 + C) :, 0][:, :C]
        of_units = unpacked(gradient, shape, C, width)
        if K < C:  # outputs are relative to the last class's, which moves the other way
            of_biases = of_biases[:, :K] - of_biases[:, K:]
            of_units = np.concatenate([of_units[:, :3], of_units[:, 3:-1] - of_units[:, -1:]], 1)
        rate = watch[:, RATE, None]
        before = of_here + rate[..., None] * of_units, biases + rate * of_biases
        return [before, (of_here, biases)]
