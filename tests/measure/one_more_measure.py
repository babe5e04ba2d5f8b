"""Run with two measures more than there are, and say as JSON where they turned up."""

import json
import math
import sys
from pathlib import Path

from dynstudy.arrays import Array
from dynstudy.measure.measure import CellReadings, Measure
from dynstudy.measure.measures import MEASURES
from dynstudy.measure.window import forgetting_window


def _reached(readings: CellReadings) -> Array:
    """Mean validation accuracy at the ends of the last oscillations."""
    if readings.period is None:
        return readings.validation_accuracy.mean(axis=(1, 2)) * math.nan
    ends = forgetting_window(readings.protocol, readings.period).ends
    return readings.at(ends).validation_accuracy.mean(axis=(1, 2))


MORE = (
    Measure(
        "worst_class",
        "worst accuracy of a class",
        "accuracy",
        "validation accuracy on the class that is known worst",
        lambda protocol, _: [protocol.steps],
        lambda readings: (
            readings.at([readings.protocol.steps]).validation_accuracy[:, 0].min(axis=-1)
        ),
    ),
    Measure(
        "reached",
        "accuracy reached",
        "accuracy",
        "mean validation accuracy at the ends of the last oscillations",
        lambda protocol, period: [] if period is None else forgetting_window(protocol, period).ends,
        _reached,
        net=True,
    ),
)


def main(folder: Path) -> None:
    """Everything is imported after the measures are there, as it would be of a file."""
    from sqlalchemy import text

    import docs.generate
    import dynstudy
    from dynstudy.analysis.regime_map import regime_map
    from dynstudy.export.cube import labelled_cube
    from dynstudy.export.export_file import load_export, to_text
    from dynstudy.export.exporting import export
    from dynstudy.export.replicate_table import VARIABLES, replicates
    from dynstudy.export.reproducing import _differences, reproduce
    from dynstudy.export.words import FileFormat
    from dynstudy.report.map_text import write_map
    from dynstudy.statistics.baseline import Baseline
    from dynstudy.statistics.samples import read_samples
    from dynstudy.store.ledger import Ledger
    from dynstudy.store.studies import Storage
    from dynstudy.study.kinds.map import MapSpec

    spec = MapSpec.model_validate(json.loads((folder / "small.json").read_text()))
    storage = Storage(f"sqlite:///{folder}/new.db", create=True)
    dynstudy.run(spec, storage=storage)
    ledger, cells = Ledger(storage.engine, spec.protocol), list(spec.grid_cells())
    samples = {
        str(cell.configuration): {
            name: [None if math.isnan(value) else value for value in sample.measures[name].tolist()]
            for name in ("worst_class", "reached")
        }
        for cell, sample in zip(cells, read_samples(ledger, cells), strict=True)
    }
    small_map = regime_map(storage, "small")
    table = write_map(small_map, folder)[1].read_text().splitlines()[0].split(",")
    baseline = Baseline(ledger, cells[0].configuration, range(spec.baseline_replicates))
    rows = [
        {
            "cell": str(cell.configuration),
            "static": cell.configuration.static,
            "worst_class": row.worst_class,
            "reached": None if math.isnan(row.reached) else row.reached,
            "of_static": (
                float(baseline.measure("reached", cell.configuration.period).mean())
                if cell.configuration.period
                else None
            ),
        }
        for cell, row in zip(cells, small_map.frame.itertuples(), strict=True)
    ]
    tidy = replicates(storage, "small")
    (folder / "best.toml").write_text(to_text(export(storage, "small", confirm=0), FileFormat.toml))
    taken = load_export(folder / "best.toml")
    exported = taken.configuration[0].found
    assert exported is not None
    assert exported.measures is not None
    wrong = exported.model_copy(update={"measures": exported.measures | {"worst_class": 2.0}})
    right = exported.model_copy(update={"measures": exported.measures | {"worst_class": 0.1}})

    older = Storage(f"sqlite:///{folder}/schema2.db")
    note = regime_map(older, "small").notes[-1]
    with older.engine.connect() as connection:
        version = connection.scalar(text("SELECT value FROM dynstudy_meta"))
    written = Storage(f"sqlite:///{folder}/written.db", create=True)
    spec_before = written.spec(written.study("small"))
    ledger_before = Ledger(written.engine, spec_before.protocol)
    filled = {
        str(cell.configuration): ledger_before.load([cell.configuration]).worst_class.tolist()
        for cell in spec_before.grid_cells()
    }
    with storage.engine.connect() as connection:
        columns = [
            row[1] for row in connection.execute(text("PRAGMA table_info(dynstudy_replicate)"))
        ]
    json.dump(
        {
            "table": columns,
            "sample": samples,
            "digest": small_map.ledger,
            "frame": list(small_map.frame.columns),
            "csv": table,
            "map": rows,
            "tidy": list(tidy.columns),
            "cube": list(labelled_cube(tidy, VARIABLES, ["seed"]).data_vars),
            "exported": exported.measures,
            "reproduced": reproduce(taken, backend="cpu").problems,
            "wrong": list(_differences(wrong, right, exact=True)),
            "pages": [docs.generate.columns_page(), docs.generate.schema()],
            "note": note,
            "version_before": version,
            "filled": filled,
        },
        sys.stdout,
    )


if __name__ == "__main__":  # not where pytest imports it to look for examples
    MEASURES.update({measure.name: measure for measure in MORE})
    main(Path(sys.argv[1]))
