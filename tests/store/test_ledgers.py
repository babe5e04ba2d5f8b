"""Each kind of study has its ledger."""

from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.studies import Storage
from tests.planted import small_map
from tests.planted_atlas import small_atlas


def test_networks_of_atlases_are_pixels_and_all_others_replicates(storage: Storage) -> None:
    assert type(ledger_of(storage.engine, small_map())) is LaunchLedger
    ledger = ledger_of(storage.engine, small_atlas())
    assert isinstance(ledger, AtlasLedger)
    assert ledger.spec == small_atlas()
