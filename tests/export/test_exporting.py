"""Exports: what is chosen and confirmed, and whether reproduce tells true files from false."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.config import Replicate
from dynstudy.export.export_file import Export
from dynstudy.export.exporting import export
from dynstudy.launch.replicates import Task, train_replicates
from dynstudy.launch.training import Training
from dynstudy.measure.accuracy import standard_error
from dynstudy.store.studies import Storage
from dynstudy.study.confirmation import FRESH, fresh_protocol


def test_the_best_are_chosen_and_confirmed_on_what_nothing_was_chosen_on(
    studied: Storage, made: Export
) -> None:
    frame = pd.DataFrame([
        (trial.value, trial.number) for trial in studied.study("small").trials
    ]).sort_values(0, ascending=False, kind="stable")
    assert [entry.trial for entry in made.configuration] == frame[1].head(2).tolist()
    protocol = fresh_protocol(made.protocol)
    assert protocol.data.validation_seed == made.fresh_validation_seed == FRESH + 1
    for entry in (*made.configuration, *made.baseline):
        # an independent oracle: the same networks trained by themselves
        assert entry.confirmed is not None
        count = 8 if entry.configuration.static else 2
        tasks = [
            Task(Replicate(entry.configuration, FRESH + seed), (protocol.steps,))
            for seed in range(count)
        ]
        if entry.configuration.static:
            records, _ = train_replicates(tasks, protocol)
            assert entry.confirmed.val_accuracies == [r.val_accuracy for r in records]
        assert entry.confirmed.first_seed == FRESH
        assert entry.confirmed.replicates == count
        own = np.array(entry.confirmed.val_accuracies)
        assert entry.confirmed.val_accuracy == pytest.approx(own.mean())
        assert entry.confirmed.sem == pytest.approx(standard_error(own))
    static = {e.configuration: e for e in (*made.configuration, *made.baseline)}
    for entry in made.configuration:
        if not entry.configuration.static:
            against = static[entry.configuration.baseline()]
            for name in ("found", "confirmed"):
                gain = getattr(entry, name).val_accuracy - getattr(against, name).val_accuracy
                assert getattr(entry, name).gain == pytest.approx(gain)


def test_a_second_export_trains_nothing_and_no_confirmation_is_possible(
    studied: Storage, made: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Training, "_launched", lambda *_: pytest.fail("it trains"))
    again = export(studied, "small", top=2, confirm=2)
    assert again.configuration == made.configuration
    unconfirmed = export(studied, "small", confirm=0)
    assert unconfirmed.configuration[0].confirmed is None
    assert unconfirmed.configuration[0].found == made.configuration[0].found
