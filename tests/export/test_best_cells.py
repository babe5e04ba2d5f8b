"""Which cells are exported."""

from typing import Any

import pytest

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.errors import ExportError
from dynstudy.export.exporting import export
from dynstudy.store.studies import Storage
from tests.planted import SearchMaker, SpecMaker


def test_per_width_and_per_loss_take_the_best_of_each(studied: Storage) -> None:
    per_width = export(studied, "small", per="width", confirm=0).configuration
    assert [entry.width for entry in per_width] == [5, 8]
    per_loss = export(studied, "small", per="loss", top=2, confirm=0).configuration
    assert [entry.loss for entry in per_loss] == ["ce", "ce", "dce", "dce"]
    found = regime_map(studied, "small")
    front = export(studied, "small", per="pareto", confirm=0).configuration
    expected = found.pareto_front()
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
