"""When period 2 becomes period 4: with a second eigenvalue at 2/η, or with a multiplier at -1?

The paper says that further bifurcations come each time another eigenvalue of the Hessian reaches
2/η. Networks of its setting are watched in *passages*, each from one peak of Γ over a switch of
class to the next. Of each, what comes first is put down: the step at which period 2 and period 4
are told from the loss, at which λ2 is at 2/η (at one of two steps, in their mean, at both), and at
which the multiplier of `dynstudy.train.floquet` is below -1. Eigenvalues and multipliers are read
every 25 steps; these on the 2-cycle, and for a while after period 4 has come.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from dynstudy.arrays import Array, Ints
from dynstudy.cli.options import FormatOption
from dynstudy.cli.session import log, log_files
from dynstudy.measure.periods import local_periods
from dynstudy.report.rows import print_rows
from dynstudy.report.safe_files import check_folder, write_rows
from dynstudy.report.words import Format
from dynstudy.task.spiral import spiral
from dynstudy.train import Curvature, Data, Ensemble, Outcome, train

RATE = 1.0
AMPLITUDES = (25.0, 50.0, 70.0)
EVERY = 25
"""Steps from a record to the next: an odd number, so that all phases of period 4 come up."""
BEYOND = 200
"""Steps after period 4 has come in which the multiplier is still read."""
CLOSE = 100
"""Steps within which two things are said to come together: four records, three windows."""
RESAMPLES = 1000


@dataclass(frozen=True)
class Networks:
    """Those of one amplitude."""

    amplitude: float
    seeds: Sequence[int]
    period: int = 5000
    switches: int = 4  # that are watched
    width: int = 100

    @property
    def ensemble(self) -> Ensemble:
        """As the engine takes them, until the peak of Γ after the last switch."""
        return Ensemble.of(
            "dce",
            self.switches * self.period + self.period // 2,
            width=self.width,
            learning_rate=RATE,
            amplitude=self.amplitude,
            period=self.period,
            seed=self.seeds,
        )

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First step of each passage, and the one after its last."""
        starts = [self.period // 2 + number * self.period for number in range(self.switches)]
        return [(first, first + self.period) for first in starts]


@dataclass(frozen=True)
class Passage:
    """A network from one peak of Γ to the next: the first step of each thing, None if it is not."""

    amplitude: float
    seed: int
    switch: int  # that it is about, from 1
    period2: int | None  # or what is more than 1
    period4: int | None  # or 8
    aperiodic: int | None
    second: int | None  # λ2 ≥ 2/η at one of two steps at least
    second_mean: int | None  # in their mean
    second_both: int | None  # at both
    multiplier: int | None  # below -1
    lowest: float  # multiplier before period 4, or at all if there is none
    cycle_steps: int  # of period 2, before period 4 or in all


def passages(networks: Networks, data: Data, say: Callable[[str], None]) -> list[Passage]:
    """Train networks of one amplitude, and put down what comes first in each of their passages."""
    ensemble = networks.ensemble
    records = np.arange(networks.period // 2, ensemble.steps - 1, EVERY)
    pairs = tuple(np.stack([records, records + 1], 1).ravel().tolist())
    say(f"A = {networks.amplitude:g}: {len(ensemble)} networks")
    outcome = train(
        ensemble, data, backend="cpu", checkpoints=[1], trace=True, curvature=Curvature(pairs, 2)
    )
    rows = []
    for b in range(len(ensemble)):
        say(f"A = {networks.amplitude:g}, seed {networks.seeds[b]}: multipliers")
        rows += _of_network(networks, data, outcome, records, b)
    return rows


def _of_network(
    networks: Networks, data: Data, outcome: Outcome, records: Ints, b: int
) -> list[Passage]:
    periods = local_periods(outcome.losses[b])
    second = outcome.spectra.values[b, :, 1].reshape(-1, 2)
    read = np.concatenate([_on_cycles(records, periods, span) for span in networks.spans])
    alone, asked = networks.ensemble.part(slice(b, b + 1)), Curvature(multipliers=(*read.tolist(),))
    again = train(alone, data, backend="cpu", checkpoints=[1], trace=True, curvature=asked)
    if not np.array_equal(again.losses[0], outcome.losses[b]):
        raise RuntimeError("a network that is trained again is another one")
    multipliers = again.spectra.multipliers[0].real
    rows = []
    for switch, span in enumerate(networks.spans, 1):
        steps = np.arange(*span)
        there, reached = periods[slice(*span)], second[_within(records, span)] >= 2 / RATE
        at, looked = records[_within(records, span)], _within(read, span)
        doubles = _first(steps, np.isin(there, (4, 8)))
        until = span[1] if doubles is None else doubles
        before = multipliers[looked & (read < until)]
        rows.append(
            Passage(
                networks.amplitude,
                networks.seeds[b],
                switch,
                _first(steps, there > 1),
                doubles,
                _first(steps, there == 0),
                _first(at, reached.any(1)),
                _first(at, second[_within(records, span)].mean(1) >= 2 / RATE),
                _first(at, reached.all(1)),
                _first(read[looked], multipliers[looked] < -1),
                float(before.min()) if len(before) else np.nan,
                int((there[: until - span[0]] == 2).sum()),
            )
        )
    return rows


def _within(steps: Ints, span: tuple[int, int]) -> NDArray[np.bool_]:
    return (steps >= span[0]) & (steps < span[1])


def _on_cycles(records: Ints, periods: Ints, span: tuple[int, int]) -> Ints:
    """Records of a passage at which there is more than a branch, until period 4 has come."""
    within = records[_within(records, span)]
    doubles = _first(np.arange(*span), np.isin(periods[slice(*span)], (4, 8)))
    until = span[1] if doubles is None else doubles + BEYOND
    return within[(periods[within] != 1) & (within <= until)]


def _first(steps: Ints, there: Any) -> int | None:
    return int(steps[there][0]) if there.any() else None


PREDICTORS = {
    "second": "λ2 ≥ 2/η at one of two steps",
    "second_mean": "λ2 ≥ 2/η, mean of two steps",
    "second_both": "λ2 ≥ 2/η at both steps",
    "multiplier": "multiplier < -1",
}
"""Events that period 4 may come with, by the columns of a `Passage`."""


def comparison(frame: pd.DataFrame) -> list[dict[str, str | int]]:
    """Say how each event goes with period 4, from a row per `Passage`.

    Returns:
        A row per event: passages on a 2-cycle that have it, and of these the share in which period
        4 comes within `CLOSE` steps of it, and at all; of those with period 4, the share in which
        the event comes within `CLOSE` steps of it; median and quartiles of the steps from event to
        period 4. With 95 % intervals, by resampling networks within amplitudes. The last row is of
        any step of period 2 before period 4, which tells what chance would do.
    """
    frame = frame[frame.period2.notna()].reset_index(drop=True)
    doubles = frame.period4.notna()
    resamples = _resamples(frame)
    rows: list[dict[str, str | int]] = []
    for name, label in PREDICTORS.items():
        lag = (frame.period4 - frame[name]).to_numpy(float, na_value=np.nan)
        both = frame[name].notna().to_numpy(), doubles.to_numpy()
        values = _statistics(lag, *both)
        spread = pd.DataFrame([
            _statistics(lag[chosen], *(each[chosen] for each in both)) for chosen in resamples
        ])
        low, high = spread.quantile([0.025, 0.975]).to_numpy()
        shown = [
            f"{value:{form}} [{below:{form}}, {above:{form}}]" if np.isfinite(value) else ""
            for value, below, above, form in zip(
                values, low, high, [".2f", ".2f", ".2f", "+.0f"], strict=True
            )
        ]
        quartiles = pd.Series(lag).quantile([0.25, 0.75])
        rows.append({
            "event": label,
            "passages": len(frame),
            "with it": int(frame[name].notna().sum()),
            f"then period 4 within {CLOSE} steps": shown[0],
            "then period 4 in the passage": shown[1],
            "with period 4": int(doubles.sum()),
            f"of those, event within {CLOSE} steps": shown[2],
            "steps from it to period 4": shown[3],
            "quartiles": " to ".join(f"{quartile:+.0f}" for quartile in quartiles.dropna()),
        })
    close = frame.cycle_steps.clip(upper=CLOSE)[doubles].sum()
    chance: dict[str, str | int] = {
        "event": "a step of period 2",
        f"then period 4 within {CLOSE} steps": f"{close / max(frame.cycle_steps.sum(), 1):.2f}",
    }
    shared = {key: rows[0][key] for key in ("passages", "with period 4")}
    empty: dict[str, str | int] = dict.fromkeys(rows[0], "")
    return [*rows, empty | shared | chance]


def _statistics(lag: Array, event: NDArray[np.bool_], doubles: NDArray[np.bool_]) -> list[float]:
    """Three shares and a median; nan of nothing."""
    together, both = np.abs(lag) <= CLOSE, event & doubles
    shares = [
        float(values[of].mean()) if of.any() else np.nan
        for values, of in ((together, event), (doubles, event), (together, doubles))
    ]
    return [*shares, float(np.median(lag[both])) if both.any() else np.nan]


def _resamples(frame: pd.DataFrame) -> list[Ints]:
    """Rows of as many networks of each amplitude, with repetition, each with all its passages."""
    rng = np.random.default_rng(0)
    cells = [
        list(of_amplitude.groupby("seed").groups.values())
        for _, of_amplitude in frame.groupby("amplitude")
    ]
    return [
        np.concatenate([
            np.empty(0, int),
            *(
                members[number]
                for members in cells
                for number in rng.integers(len(members), size=len(members))
            ),
        ])
        for _ in range(RESAMPLES)
    ]


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    networks: Annotated[int, typer.Option(min=1, help="Of each amplitude.")] = 24,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV file: a row per network and switch of class.")
    ] = Path("docs/results/bifurcations.csv"),
    form: FormatOption = Format.table,
) -> None:
    """Whether period 4 comes with λ2 at 2/η or with the multiplier of the 2-cycle at -1.

    DCE, width 100, learning rate 1, T = 5000, A = 25, 50 and 70, four switches of class: about ten
    minutes of a processor.
    """
    check_folder(out)
    x, y = spiral(100, 3, 2.0, 0.2, seed=0)
    data = Data(x[None], y, x, y)
    rows = [
        asdict(passage)
        for amplitude in AMPLITUDES
        for passage in passages(Networks(amplitude, range(networks)), data, log)
    ]
    write_rows(rows, out)
    print_rows(comparison(pd.read_csv(out)), form, sys.stdout)
    log_files([out])
