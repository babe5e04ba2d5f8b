"""What is read within a snapshot is what was there when it began."""

from dynstudy.store.ledgers import ledger_of
from dynstudy.store.studies import Storage
from dynstudy.upkeep.snapshot import handed, snapshot
from tests.planted import SpecMaker, plant


def test_what_others_write_meanwhile_is_not_seen(storage: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    cells = list(spec.grid_cells())
    configurations = [cell.configuration for cell in cells]
    with snapshot(storage.engine) as connection:
        ledger = ledger_of(handed(connection), spec)
        assert len(ledger.load(configurations)) == 0
        plant(storage, spec)
        assert len(ledger.load(configurations)) == 0
        assert ledger.lacking(cells) == {cell.configuration: tuple(cell.seeds) for cell in cells}
    with snapshot(storage.engine) as connection:
        assert len(ledger_of(handed(connection), spec).load(configurations)) == 16
