"""Train some configurations with their baselines, and judge them by themselves."""

from collections.abc import Mapping

from dynstudy.config import Cell, Configuration, Protocol
from dynstudy.errors import Interrupted
from dynstudy.export.best_cells import measured
from dynstudy.export.export_file import Measured
from dynstudy.launch.training import Training
from dynstudy.measure.measures import reads
from dynstudy.statistics.labelled_cells import judge
from dynstudy.store.ledger import Ledger


def cells_of(protocol: Protocol, seeds: Mapping[Configuration, range]) -> list[Cell]:
    """The cells of some configurations, baselines first, each read wherever it is compared."""
    periods: dict[Configuration, set[int]] = {configuration: set() for configuration in seeds}
    for configuration in seeds:
        if configuration.period is not None:
            periods[configuration] = {configuration.period}
            periods.setdefault(configuration.baseline(), set()).add(configuration.period)
    return [
        Cell(
            configuration,
            seeds[configuration],
            reads(protocol, tuple(sorted(periods[configuration]))),
        )
        for configuration in sorted(seeds, key=lambda configuration: not configuration.static)
    ]


def train_all(training: Training, seeds: Mapping[Configuration, range]) -> None:
    """Train what is missing of some configurations; `Interrupted` if told to stop before."""
    cells = cells_of(training.ledger.protocol, seeds)
    with training.interruptible():
        whole = training.train_all(cells, training.plan(cells))
    if not whole:
        raise Interrupted(training.abandoned)


def measure(ledger: Ledger, seeds: Mapping[Configuration, range]) -> dict[Configuration, Measured]:
    """What the ledger knows of some configurations, judged as one family."""
    cells = cells_of(ledger.protocol, seeds)
    # all baselines have the same seeds, or none is in `seeds`
    static = [configuration for configuration in seeds if configuration.static]
    longest = max((seeds[configuration] for configuration in static), key=len, default=range(0))
    labelled = judge(ledger, cells, longest, family=lambda _: "all")
    of_cells = measured(labelled.frame, cells, ledger)
    return {
        cell.configuration: values
        for cell, values in zip(cells, of_cells, strict=True)
        if values is not None
    }
