"""The cells of a map, and the steps at which each of them is read."""

from collections.abc import Iterable, Iterator
from itertools import product

from dynstudy.config import Cell, Configuration
from dynstudy.measure.measures import reads
from dynstudy.study.spec import MapSpec, SearchSpec


def cells(spec: MapSpec) -> Iterator[Cell]:
    """All cells of a map, baselines first, widest first within a loss.

    A baseline is read wherever a cell that is judged against it is. Nothing is listed twice: at
    A = 1, and for the losses ``ce`` and ``mse``, a cell is the baseline. Where replicates come in
    rounds, a cell has the most that it may have.

    Args:
        spec: the study.

    Yields:
        Each cell once.
    """
    space = spec.space
    periods = space.period or ()
    grid = sorted(
        {
            Configuration(loss, width, rate, amplitude, period)
            for loss, width, rate, amplitude, period in product(
                spec.loss, space.width, space.learning_rate, space.amplitude, periods or (2,)
            )
        },
        key=lambda c: (c.loss, -c.width, c.learning_rate, c.period or 0, c.amplitude or 0),
    )
    judged = {c.baseline() for c in grid if not c.static}
    baselines = judged | {c for c in grid if c.static}
    for baseline in sorted(baselines, key=lambda c: (c.loss, -c.width, c.learning_rate)):
        steps = reads(spec.protocol, periods if baseline in judged else ())
        yield Cell(baseline, range(spec.baseline_replicates), steps)
    for configuration in grid:
        if configuration.period is not None:
            steps = reads(spec.protocol, (configuration.period,))
            yield Cell(configuration, range(spec.most_replicates), steps)


def searched_cells(spec: SearchSpec, configurations: Iterable[Configuration]) -> Iterator[Cell]:
    """The cells of a search: those its trials chose, and where it aims at gain their baselines.

    A search visits too many periods for its baselines to be read at each of them, so they are read
    at the end alone: its cells have a gain, but no net forgetting.

    Args:
        spec: the study.
        configurations: of its trials.

    Yields:
        Each cell once, baselines first.
    """
    chosen = dict.fromkeys(configurations)
    dynamical = [own for own in chosen if not own.static]
    static = dict.fromkeys(own for own in chosen if own.static)
    if spec.maximize == "gain":
        static |= dict.fromkeys(own.baseline() for own in dynamical)
    for own in static:
        whole = spec.maximize == "gain"
        count = spec.baseline_replicates if whole else spec.replicates
        yield Cell(own, range(count), (spec.protocol.steps,))
    for own in dynamical:
        yield Cell(own, range(spec.replicates), reads(spec.protocol, (own.period or 0,)))
