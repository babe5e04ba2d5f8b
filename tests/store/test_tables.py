"""dynstudy's tables beside Optuna's."""

from sqlalchemy import inspect

from dynstudy.measure.measures import MEASURES
from dynstudy.store.studies import Storage
from dynstudy.store.tables import SCHEMA_VERSION, Base, ReplicateRow, SeriesRow


def test_their_names_are_ours_alone_and_the_database_has_them(storage: Storage) -> None:
    tables = Base.metadata.tables
    assert all(name.startswith("dynstudy_") for name in tables)
    present = inspect(storage.engine)
    for name, table in tables.items():
        assert {column["name"] for column in present.get_columns(name)} == set(table.columns.keys())
    with storage.engine.connect() as connection:
        version = connection.exec_driver_sql("SELECT value FROM dynstudy_meta").scalar_one()
    assert version == str(SCHEMA_VERSION)


def test_a_network_has_a_column_for_each_measure_and_is_there_once() -> None:
    assert MEASURES.keys() <= set(ReplicateRow.__table__.columns.keys())
    assert ReplicateRow.__table__.columns["key"].unique
    assert {column.name for column in SeriesRow.__table__.primary_key} == {"replicate_id", "name"}
