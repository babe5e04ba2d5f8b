"""Exports: what is chosen and confirmed, and whether reproduce tells true files from false."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import Configuration, Replicate
from dynstudy.errors import ExportError
from dynstudy.export.export_file import Export
from dynstudy.export.exporting import export
from dynstudy.launch.executors.here import Here
from dynstudy.launch.replicates import NetworkTask, train_cell, train_replicates
from dynstudy.measure.accuracy import standard_error
from dynstudy.store.studies import Storage
from dynstudy.study.confirmation import FRESH, fresh_protocol
from tests.planted import SearchMaker, SpecMaker, plant_search
from tests.planted_atlas import NOISY, plant_atlas, small_atlas


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
            NetworkTask(Replicate(entry.configuration, FRESH + seed), (protocol.steps,))
            for seed in range(count)
        ]
        if entry.configuration.static:
            records, _ = train_replicates(tasks, protocol)
            assert entry.confirmed.val_accuracies == [r.val_accuracy for r in records]
        assert entry.confirmed.first_seed == FRESH
        assert entry.confirmed.replicates == count
        accuracies = np.array(entry.confirmed.val_accuracies)
        assert entry.confirmed.val_accuracy == pytest.approx(accuracies.mean())
        assert entry.confirmed.sem == pytest.approx(standard_error(accuracies))
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
    monkeypatch.setattr(Here, "submit", lambda *_: pytest.fail("it trains"))
    again = export(studied, "small", top=2, confirm=2)
    assert again.configuration == made.configuration
    unconfirmed = export(studied, "small", confirm=0)
    assert unconfirmed.configuration[0].confirmed is None
    assert unconfirmed.configuration[0].found == made.configuration[0].found


def test_per_width_and_per_loss_take_the_best_of_each(studied: Storage) -> None:
    per_width = export(studied, "small", per="width", confirm=0).configuration
    assert [entry.width for entry in per_width] == [5, 8]
    per_loss = export(studied, "small", per="loss", top=2, confirm=0).configuration
    assert [entry.loss for entry in per_loss] == ["ce", "ce", "dce", "dce"]
    study_map = regime_map(studied, "small")
    front = export(studied, "small", per="pareto", confirm=0).configuration
    expected = study_map.pareto_front()
    assert [entry.width for entry in front] == expected.width.tolist()
    assert [entry.found.val_accuracy for entry in front if entry.found] == pytest.approx(
        expected.val_accuracy.tolist()
    )
    by_gain = export(studied, "small", by="gain", top=8, confirm=0).configuration
    gains = [entry.found.gain for entry in by_gain if entry.found]
    assert gains == sorted(gains, reverse=True)
    assert not any(entry.configuration.static for entry in by_gain)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"top": 11}, "has only 10 cells"),
        ({"top": 6, "per": "width"}, "has only 5 cells of any width"),
        ({"top": 9, "by": "gain"}, "has only 8 cells"),
    ],
)
def test_more_than_there_is_cannot_be_exported(
    options: dict[str, Any], said: str, studied: Storage
) -> None:
    with pytest.raises(ExportError, match=said):
        export(studied, "small", **options)


def test_a_study_without_complete_cells_or_gains_says_so(
    storage: Storage, make_spec: SpecMaker, make_search: SearchMaker
) -> None:
    storage.open_study(make_spec())
    with pytest.raises(ExportError, match="'small' has no complete cell yet; run it first"):
        export(storage, "small")
    dynstudy.run(make_search(), storage=storage)
    with pytest.raises(ExportError, match=r"no cell with a gain.*use --by val_accuracy"):
        export(storage, "search", by="gain")
    made = export(storage, "search")  # confirmation trains the baseline as well
    assert made.configuration[0].found is not None
    assert made.configuration[0].found.gain is None
    assert made.configuration[0].confirmed is not None
    assert made.configuration[0].confirmed.gain is not None


def test_a_search_for_gain_exports_what_gains_most(
    storage: Storage, make_search: SearchMaker
) -> None:
    plant_search(storage, make_search(maximize="gain"))
    ranked = regime_map(storage, "search").ranked()
    made = export(storage, "search", top=2, confirm=0)
    assert made.selection.by == "gain"
    assert [entry.found.gain for entry in made.configuration if entry.found] == pytest.approx(
        ranked.gain.head(2).tolist()
    )
    by_accuracy = export(storage, "search", by="val_accuracy", confirm=0)
    assert by_accuracy.configuration[0].configuration.width == 5
    assert made.configuration[0].configuration.width == 3
    (front,) = export(storage, "search", per="pareto", confirm=0).configuration
    assert front == made.configuration[0]


def test_where_noise_is_an_axis_a_configuration_has_it_and_is_confirmed_on_its_spirals(
    storage: Storage,
) -> None:
    plant_atlas(storage, small_atlas(space=NOISY))
    made = export(storage, "atlas", confirm=2, backend="cpu")
    (entry,), (static,) = made.configuration, made.baseline
    assert entry.noise == static.noise == entry.configuration.noise
    assert entry.noise in {0.325, 0.625}
    data = made.protocol.data.model_copy(update={"noise": entry.noise})
    noisy = fresh_protocol(made.protocol.model_copy(update={"data": data}))
    plain = Configuration("dce", 5, 1.0, entry.amplitude, entry.period)
    again, _ = train_cell(plain, noisy, range(FRESH, FRESH + 2), "cpu")
    assert entry.confirmed is not None
    assert entry.confirmed.val_accuracies == [record.val_accuracy for record in again]
