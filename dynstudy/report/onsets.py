"""Where along the amplitude a panel's forgetting passes 0.4, or its gain falls below 0.02.

For each period, from a surface through the panel's cells (`dynstudy.report.surface`), which pools
neighbours, and from surfaces that agree with resampled replicates of cells and static loss. Beyond
the map nothing is extrapolated: an onset there is censored.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.report.regime_map import PANEL, RegimeMap
from dynstudy.report.regimes import EQUIVALENCE
from dynstudy.report.surface import Array, Outcomes, Surface

DRAWS = 400
GRID = 161  # amplitudes at which a surface is looked at
FEWEST_CELLS = 6  # below which no surface is fitted

ONSET, UPPER = "forgetting_onset", "useful_upper"
FORGETTING, GAIN = "forgetting", "gain"


@dataclass(frozen=True)
class Panel:
    """One measure of the cells of one loss, width and learning rate."""

    study: str
    loss: str
    width: int
    learning_rate: float
    measure: str  # forgetting or gain, both net of the static loss
    outcomes: Outcomes  # of K cells, those in which the measure is defined
    static: Array  # (K,) variance of what the static loss's part adds, shared per period

    def static_draws(self, draws: int, rng: np.random.Generator) -> Array:
        """Resampled errors of the static loss (draws, K), the same for all cells of a period."""
        # forgetting's static part is read at each period's own steps; that of the gain is one
        shared = self.outcomes.place[:, 1] if self.measure == FORGETTING else np.zeros(len(self))
        _, group = np.unique(shared, return_inverse=True)
        own = rng.normal(0, 1, (draws, int(group.max()) + 1))[:, group]
        return own * np.sqrt(self.static)

    def __len__(self) -> int:
        return len(self.static)


@dataclass(frozen=True)
class Onsets:
    """Where a panel's boundary lies at each of P periods, and where resampled ones do."""

    boundary: str
    panel: Panel
    period: Array  # (P,) steps, ascending
    place: Array  # (P,) log A: -inf below the map, inf above it, nan where there is none
    drawn: Array  # (R, P) likewise
    ends: tuple[float, float]  # log A between which there are cells


def panels(found: RegimeMap, measure: str) -> Iterator[Panel]:
    """The panels of a map.

    Args:
        found: the map.
        measure: forgetting or gain.

    Yields:
        Those that have cells in which the measure is known, with two replicates or more.
    """
    for (loss, width, rate), rows in found.judged().groupby(PANEL, sort=True):
        kept, samples, static = [], [], []
        for row in rows.itertuples():
            raw = (found.lost if measure == FORGETTING else found.outcomes)[row.Index]
            raw = raw[np.isfinite(raw)]
            net = row.forgetting if measure == FORGETTING else row.gain
            if len(raw) < 2 or not np.isfinite(net):
                continue
            if measure == FORGETTING:
                error = float(row.forgetting_sem) ** 2 - raw.var(ddof=1) / len(raw)
            else:
                baseline = found.baseline_outcomes(str(loss), width, rate)
                error = baseline.var(ddof=1) / len(baseline) if len(baseline) > 1 else 0.0
            kept.append((row.amplitude, row.period))
            samples.append(raw - raw.mean() + net)
            static.append(max(float(np.nan_to_num(error)), 0.0))
        if kept:
            outcomes = Outcomes(np.log(np.array(kept, float)), samples)
            names = found.spec.name, str(loss), int(width), float(rate)
            yield Panel(*names, measure, outcomes, np.array(static))


def onsets(panel: Panel, draws: int = DRAWS, seed: int = 0) -> Onsets | None:
    """Find the boundary of a panel at each period.

    Args:
        panel: of forgetting, for its onset, or of gain, for the upper edge of the useful region.
        draws: resampled surfaces R.
        seed: of the resampling.

    Returns:
        The last amplitude at which the surface passes the level, towards forgetting or towards no
        use; None with too few cells for a surface.
    """
    place = panel.outcomes.place
    if len(panel) < FEWEST_CELLS or len(np.unique(place[:, 0])) < 2:
        return None
    rising = panel.measure == FORGETTING
    level = CATASTROPHIC if rising else EQUIVALENCE
    surface = Surface(panel.outcomes)
    rng = np.random.default_rng(seed)
    means = panel.outcomes.resampled(draws, rng) + panel.static_draws(draws, rng)
    low, high = float(place[:, 0].min()), float(place[:, 0].max())
    x = np.linspace(low, high, GRID)
    periods = np.unique(place[:, 1])
    found, drawn = [], []
    for period in periods:
        line = np.stack([x, np.full(GRID, period)], axis=1)
        curves = np.concatenate([surface.at(line)[0][None], surface.draws(line, means, rng)])
        excess = curves - level if rising else level - curves
        passed = last_passing(x, excess, below=-np.inf if rising else np.nan)
        found.append(passed[0])
        drawn.append(passed[1:])
    return Onsets(
        ONSET if rising else UPPER,
        panel,
        np.exp(periods).round(),
        np.array(found),
        np.array(drawn).T,
        (low, high),
    )


def last_passing(x: Array, excess: Array, below: float) -> Array:
    """Where curves pass 0 upwards for the last time, and stay above it.

    Args:
        x: (G,), ascending.
        excess: the curves (R, G).
        below: the answer for a curve that is above 0 everywhere.

    Returns:
        (R,), interpolated; inf for a curve that ends at or below 0.

    >>> x = np.array([0.0, 1.0, 2.0])
    >>> last_passing(x, np.array([[-1.0, 1, 2], [1, 1, 1], [1, 1, -1]]), below=-np.inf).tolist()
    [0.5, -inf, inf]
    """
    under = excess <= 0
    count = excess.shape[1]
    last = count - 1 - under[:, ::-1].argmax(axis=1)
    left = np.minimum(last, count - 2)[:, None]
    before, after = (np.take_along_axis(excess, left + own, axis=1)[:, 0] for own in (0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = before / (before - after)
    passing = x[left[:, 0]] + share * (x[left[:, 0] + 1] - x[left[:, 0]])
    passing = np.where(under[:, -1], np.inf, passing)
    return np.where(under.any(axis=1), passing, below)


def onset_rows(own: Onsets) -> list[dict[str, object]]:
    """A boundary as rows, one for each period.

    Args:
        own: the boundary.

    Returns:
        With the 95 % interval of the resampled ones; ``says`` tells what lies beyond the map.
    """
    rows = []
    for period, place, drawn in zip(own.period, own.place, own.drawn.T, strict=True):
        known = drawn[~np.isnan(drawn)]
        low, high = (
            np.quantile(known, [0.025, 0.975], method="inverted_cdf") if len(known) else (np.nan,) * 2
        )
        says = {-np.inf: "below the map", np.inf: "above the map"}.get(float(place), "")
        rows.append({
            "study": own.panel.study,
            "loss": own.panel.loss,
            "width": own.panel.width,
            "learning_rate": own.panel.learning_rate,
            "boundary": own.boundary,
            "period": int(period),
            "amplitude": _within(place),
            "amplitude_low": _within(low),
            "amplitude_high": _within(high),
            "says": "nowhere in the map" if np.isnan(place) else says,
        })
    return rows


def _within(place: float) -> float:
    """An amplitude; nan beyond the map."""
    return float(np.exp(place)) if np.isfinite(place) else np.nan
