"""Atlases without a database, whose surfaces are known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from dynstudy.analysis.atlas import Atlas
from dynstudy.arrays import Array
from dynstudy.store.atlas_ledger import AtlasLedger
from tests.planted_atlas import ATLAS, small_atlas

STATIC = {"val_accuracy": 0.45, "forgetting": 0.05}
AXES = {
    "amplitude": {"low": 1, "high": 1000, "log": True},
    "period": {"low": 10, "high": 1000, "log": True},
}
PROTOCOL: dict[str, Any] = {"steps": 10_000, "tail": 1000}


@dataclass(frozen=True)
class SimulatedAtlas(Atlas):
    """Pixels of chosen values over a static loss that is the same everywhere."""

    values: dict[str, Array] = field(default_factory=dict)

    @property
    def recorded(self) -> NDArray[np.bool_]:  # type: ignore[override]
        return np.isfinite(self.values["val_accuracy"])

    @property
    def names(self) -> list[str]:
        return ["gain", *self.values]

    def of(self, name: str) -> Array:
        return self.net("val_accuracy") if name == "gain" else self.values[name]

    def static(self, name: str) -> Array:
        return np.full(self.recorded.shape, STATIC.get(name, 0.0))

    def static_error(self, name: str) -> Array:
        return np.full(self.recorded.shape, 0.001)


Surface = Callable[[Array, Array], Array]
"""Of log10 of the axis to the right and of the one upwards."""


def simulated_atlas(
    gain: Surface,
    forgetting: Surface = lambda x, y: 0.8 / (1 + np.exp(-6 * (x + 0.5 * y - 3))),
    pixels: tuple[int, int] = (60, 50),
    seed: int = 0,
    spread: float = 0.05,
    **changes: Any,
) -> SimulatedAtlas:
    """An atlas over A and T whose networks scatter about a surface; keywords replace its keys."""
    space = ATLAS["space"] | AXES
    spec = small_atlas(**({"pixels": list(pixels), "space": space, "protocol": PROTOCOL} | changes))
    right, upwards = spec.axes
    x, y = np.meshgrid(np.log10(right.values), np.log10(upwards.values))
    rng = np.random.default_rng(seed)
    values = {
        "val_accuracy": STATIC["val_accuracy"] + gain(x, y) + rng.normal(0, spread, x.shape),
        "forgetting": STATIC["forgetting"] + forgetting(x, y) + rng.normal(0, spread, x.shape),
    }
    return SimulatedAtlas(spec, cast(AtlasLedger, None), values)


def band(power: float, middle: float = 1.5, width: float = 0.4) -> Surface:
    """Gains of 0.2 along A ~ Tᵖ, which goes through log10 A = `middle` at T = 100."""
    return lambda x, y: 0.2 * np.exp(-(((x - middle - power * (y - 2)) / width) ** 2)) - 0.05
