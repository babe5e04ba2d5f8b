"""Each kind of study has its ledger."""

from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.ledger import Ledger
from dynstudy.store.ledgers import launch_ledger_of, ledger_of
from dynstudy.store.studies import Storage
from tests.planted import small_map
from tests.planted_atlas import small_atlas


def test_networks_of_atlases_are_pixels_and_all_others_replicates(storage: Storage) -> None:
    assert type(ledger_of(storage.engine, small_map())) is Ledger
    assert type(launch_ledger_of(storage.engine, small_map())) is LaunchLedger
    for made in (ledger_of, launch_ledger_of):
        ledger = made(storage.engine, small_atlas())
        assert isinstance(ledger, AtlasLedger)
        assert ledger.spec == small_atlas()
