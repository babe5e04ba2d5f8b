"""A planted atlas has each pixel once, with outcomes that networks might have."""

import numpy as np

from benchmarks.planted_atlas import NAME, pixel_records, planted_atlas
from dynstudy.measure.measures import MEASURES
from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.ledger import Landing
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage


def test_each_pixel_is_recorded_once_in_its_place(storage: Storage) -> None:
    spec = planted_atlas(12)
    assert (spec.name, spec.pixels) == (NAME, (12, 12))
    ledger = AtlasLedger(storage.engine, spec)
    planted = pixel_records(spec, ledger.recorded)
    assert len(planted) == 144
    ledger.add_all([Landing(planted, Trainer("cpu", "planted", "a processor", {}))])
    again = AtlasLedger(storage.engine, spec)
    assert again.recorded.all()
    assert pixel_records(spec, again.recorded) == []
    for name, values in again.pixels.items():
        if name in MEASURES and not np.isnan(values).all():
            assert MEASURES[name].least <= values.min() < values.max() <= MEASURES[name].most
    forgetting = again.pixels["forgetting"]
    assert forgetting[:, -1].min() > forgetting[:, 0].max()  # beyond the band
