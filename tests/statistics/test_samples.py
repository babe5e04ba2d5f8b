"""The replicates of cells, as the ledger has them."""

import hashlib

import numpy as np
import pytest

from dynstudy.measure.measures import PINNED
from dynstudy.statistics.samples import Sample, read_samples, rows_digest
from dynstudy.store.studies import Storage
from tests.planted import Planted, SpecMaker


def sample(*seeds: int) -> Sample:
    count = len(seeds)
    measures = {name: np.linspace(0, 1, count) for name in PINNED}
    return Sample(measures, np.full(count, np.nan), np.array(seeds, float))


def test_each_cell_gets_its_own_networks_in_the_order_of_their_seeds(
    storage: Storage, make_spec: SpecMaker
) -> None:
    planted = Planted(storage, make_spec(replicates=3))
    cells = list(planted.spec.grid_cells())
    planted.put(cells[1], [0.1, 0.2, 0.3, 0.4])  # one more than the study asks for
    planted.put(cells[3], [0.6, 0.7], diverged=1)
    samples = read_samples(planted.ledger, cells)
    assert [len(each) for each in samples] == [0, 3, 0, 2, 0]
    assert samples[1].val_accuracy.tolist() == [0.1, 0.2, 0.3]
    assert samples[3].val_accuracy == pytest.approx([1 / 3, 0.7])
    assert samples[3].diverged == 1
    assert np.isnan(samples[3].forgetting).tolist() == [True, False]


def test_the_first_seeds_are_those_below_a_number_though_some_are_missing() -> None:
    gaps = sample(0, 1, 3, 4)
    assert gaps.below(None) is gaps
    assert gaps.below(3).seed.tolist() == [0, 1]
    assert gaps.below(4).seed.tolist() == [0, 1, 3]
    assert gaps.unbroken == 2
    assert sample(0, 1, 2).unbroken == 3
    assert sample().unbroken == 0


def test_the_digest_is_as_it_is_written_down() -> None:
    one, two = sample(0, 1), sample(0)
    sha256 = hashlib.sha256()
    for key, each in (("a", two), ("b", one)):  # in the order of the keys
        sha256.update(key.encode())
        for name in PINNED:
            sha256.update(each.measures[name].astype("<f8").tobytes())
        sha256.update(each.diverged_at.astype("<f8").tobytes())
    assert (
        rows_digest(["b", "a"], [one, two])
        == rows_digest(["a", "b"], [two, one])
        == sha256.hexdigest()
    )
