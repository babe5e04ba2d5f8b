"""Train some configurations with their baselines, and judge them by themselves."""

from collections.abc import Mapping

from dynstudy.config import Cell, Configuration
from dynstudy.errors import Interrupted
from dynstudy.export.export_file import Measured
from dynstudy.launch.training import Training
from dynstudy.measure.measures import added, net_names, reads
from dynstudy.protocol import Protocol
from dynstudy.report.rows import frame_rows
from dynstudy.statistics.columns import static_of
from dynstudy.statistics.labelled_cells import judge
from dynstudy.store.ledger import Ledger

MORE = (*map(static_of, net_names()), *(measure.name for measure in added()))
"""What has no place of its own in an export."""


def _cells(protocol: Protocol, seeds: Mapping[Configuration, range]) -> list[Cell]:
    """Baselines first, each read wherever it is compared."""
    periods: dict[Configuration, set[int]] = {configuration: set() for configuration in seeds}
    for configuration in seeds:
        if configuration.period is not None:
            periods[configuration] = {configuration.period}
            periods.setdefault(configuration.baseline(), set()).add(configuration.period)
    return [
        Cell(
            configuration,
            seeds[configuration],
            reads(protocol.at(configuration.learning_rate), tuple(sorted(periods[configuration]))),
        )
        for configuration in sorted(seeds, key=lambda each: not each.static)
    ]


def train_all(training: Training, seeds: Mapping[Configuration, range]) -> None:
    """Train what is missing of some configurations; `Interrupted` if told to stop before."""
    cells = _cells(training.ledger.protocol, seeds)
    with training.interrupts.answered():
        whole = training.complete(cells)
    if not whole:
        raise Interrupted(training.abandoned)


def judged(ledger: Ledger, seeds: Mapping[Configuration, range]) -> dict[Configuration, Measured]:
    """What the ledger knows of those of which any was trained, judged as one family."""
    cells = _cells(ledger.protocol, seeds)
    # all baselines have the same seeds, or none is in `seeds`
    static = [seeds[configuration] for configuration in seeds if configuration.static]
    longest = max(static, key=len, default=range(0))
    frame = judge(ledger, cells, longest, family=lambda _: "all").frame
    loaded = ledger.load(cell.configuration for cell in cells)
    by_key = dict(list(loaded.groupby("configuration")))
    measured: dict[Configuration, Measured] = {}
    for row, cell in zip(frame_rows(frame), cells, strict=True):
        if not row["replicates"]:
            continue
        rows = by_key[ledger.key(cell.configuration)]
        accuracies = rows.val_accuracy[rows.seed.isin(cell.seeds)].tolist()
        values = {name: row[name] for name in Measured.model_fields if name in row}
        values |= {
            "first_seed": cell.seeds.start,
            "replicates": len(accuracies),
            "val_accuracies": accuracies,
        }
        more = {name: row[name] for name in MORE if row[name] is not None}
        measured[cell.configuration] = Measured(**values, measures=more or None)
    return measured
