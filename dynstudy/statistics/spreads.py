"""How simulated outcomes scatter: light, so that the command line knows the words at once."""

from dataclasses import dataclass
from enum import StrEnum

LOW, HIGH = 0.42, 0.94
"""Where networks of width 50 end that do not learn the spiral, and that do."""


@dataclass(frozen=True)
class Spread:
    """How outcomes scatter about their mean."""

    static: float  # true accuracy of the baseline
    bimodal: bool  # whether cells have two modes
    bimodal_static: bool
    harm: bool = True  # whether half of the gains are negative


SPREADS = {
    "bimodal": Spread(0.68, True, True),
    "narrow": Spread(0.68, False, False),
    "cells": Spread(0.68, True, False),  # the static loss has one mode, cells of its mean have two
    "static": Spread(0.68, False, True),
    "rare": Spread(LOW, True, True, harm=False),  # no static network learns, and few of a cell
}

SpreadName = StrEnum("SpreadName", list(SPREADS))  # type: ignore[misc]
"""A key of `SPREADS`."""
