"""How far a launch is."""

import dynstudy
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker


def test_progress_ends_at_all_networks(storage: Storage, make_spec: SpecMaker) -> None:
    seen = []
    dynstudy.run(
        make_spec(),
        storage=storage,
        report=lambda progress: seen.append((progress.done, progress.networks, progress.rate)),
    )
    assert seen[-1][:2] == (16, 16)
    assert seen[-1][2] > 0
