"""Names and order of columns, which programs rely on: what is new stands at the end."""

from dynstudy.analysis import association, boundaries
from dynstudy.analysis.measure_map import measure_columns
from dynstudy.export import replicate_table
from dynstudy.measure.measures import INSTABILITY, MEASURES
from dynstudy.statistics.columns import FIRST, MAP, names
from tests.conftest import ROOT

AXES = "loss width learning_rate amplitude period"
CELL = f"""
    {AXES} val_accuracy sem gain gain_low gain_high p_value q_value regime forgetting
    forgetting_sem unrecovered forgets replicates diverged
"""
LATER = """
    train_accuracy val_accuracy_before_tail replicates_planned ledger_configuration lasting
    predicted static_forgetting static_unrecovered static_lasting noise
"""
NETWORK = f"""
    trial {AXES} seed val_accuracy train_accuracy val_accuracy_before_tail forgetting unrecovered
    lasting diverged_at ledger_configuration raw_forgetting raw_unrecovered raw_lasting
    static_forgetting static_unrecovered static_lasting noise
"""
BOUNDARY = """
    loss width learning_rate period boundary piece amplitude amplitude_low amplitude_high reached
    support says
"""
TABLES = {
    "map": MAP,
    "networks": replicate_table.COLUMNS,
    "boundaries": boundaries.COLUMNS,
    "instability": measure_columns([MEASURES[name] for name in INSTABILITY]),
    "association": association.COLUMNS,
}


def test_columns_keep_their_names_and_places() -> None:
    assert names(FIRST) == CELL.split()
    for table, pinned in (("map", CELL + LATER), ("networks", NETWORK), ("boundaries", BOUNDARY)):
        columns = names(TABLES[table])
        assert columns[: len(pinned.split())] == pinned.split()
        assert len(set(columns)) == len(columns)


def test_every_column_is_defined_on_the_page_of_columns() -> None:
    page = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
    for columns in TABLES.values():
        for column in columns:
            assert column.definition
            assert f"| `{column.name}` | {column.unit} | {column.definition} |" in page
