"""Labels of an export beside those of its study."""

import pytest

import dynstudy
from dynstudy.export.export_file import Export
from dynstudy.export.exporting import export
from dynstudy.export.labels_again import wrong_labels
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.store.studies import Storage
from tests.export.changed import changed
from tests.planted import plant, small_map


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Cells that are useful and cells that are not, all of a map, confirmed on fresh seeds."""
    storage = Storage(f"sqlite:///{tmp_path_factory.mktemp('planted')}/studies.db", create=True)
    space = {"learning_rate": 1.0, "amplitude": [3, 30, 500], "period": [10, 30], "width": 5}
    plant(storage, small_map(replicates=8, space=space))
    return export(storage, "small", top=7, confirm=6)


def test_those_of_a_map_are_possible(planted: Export) -> None:
    regimes = [entry.found.regime for entry in planted.configuration if entry.found]
    assert {"useful", "harmful", "baseline"} <= set(regimes)
    assert list(wrong_labels(planted)) == []


@pytest.mark.parametrize("regime", ["useful", "harmful", "neutral", "baseline", "untested", "good"])
def test_a_label_that_its_numbers_rule_out_is_named(regime: str, planted: Export) -> None:
    for number, entry in enumerate(planted.configuration):
        assert entry.found is not None
        if entry.found.regime != regime:
            forged = changed(planted, f"configuration/{number}/found/regime", regime)
            (said,) = wrong_labels(forged)
            assert said.startswith(
                f"configuration {number + 1}, found: regime is {regime!r}, its val_accuracies give "
            )


@pytest.mark.parametrize("regime", ["useful", "harmful", "neutral", "unsettled", "untested"])
def test_what_is_confirmed_has_one_label(regime: str, planted: Export) -> None:
    for number, entry in enumerate(planted.configuration):
        assert entry.confirmed is not None
        if entry.confirmed.regime != regime:
            forged = changed(planted, f"configuration/{number}/confirmed/regime", regime)
            (said,) = wrong_labels(forged)
            assert said.endswith(f"its val_accuracies give {entry.confirmed.regime}")


def test_a_cell_whose_networks_all_diverged_is_called_so(planted: Export) -> None:
    forged = changed(planted, "configuration/0/found/diverged", 8)
    (said,) = wrong_labels(forged)
    assert said.endswith("its val_accuracies give diverged")
    assert list(wrong_labels(changed(forged, "configuration/0/found/regime", "diverged"))) == []


def test_a_cell_that_forgets_loses_more_than_is_catastrophic(planted: Export) -> None:
    number = next(
        number
        for number, entry in enumerate(planted.configuration)
        if entry.found is not None and entry.found.forgetting is not None
    )
    path = f"configuration/{number}/found"
    forgets = changed(planted, f"{path}/forgets", True)
    assert list(wrong_labels(changed(forgets, f"{path}/forgetting", CATASTROPHIC + 0.01))) == []
    (said,) = wrong_labels(changed(forgets, f"{path}/forgetting", CATASTROPHIC))
    assert said.endswith(f"forgets is true, and forgetting is {CATASTROPHIC}")


def test_a_cell_of_rounds_may_be_called_what_it_was_at_an_earlier_look(planted: Export) -> None:
    number, entry = next(
        (number, entry)
        for number, entry in enumerate(planted.configuration)
        if entry.found is not None and entry.found.regime == "useful"
    )
    assert entry.found is not None
    accuracies = [*entry.found.val_accuracies[:6], 0.0, 0.0]
    forged = changed(planted, f"configuration/{number}/found/val_accuracies", accuracies)
    (said,) = wrong_labels(forged)
    assert said.endswith("its val_accuracies give unsettled")
    assert list(wrong_labels(changed(forged, "selection/looks", [6, 8]))) == []


def test_those_of_rounds_are_possible_at_one_of_the_looks(storage: Storage) -> None:
    spec = small_map(replicates={"min": 6, "max": 9})
    dynstudy.run(spec, storage=storage)
    made = export(storage, "small", top=5, confirm=0)
    assert made.selection.looks == [6, 9]
    assert list(wrong_labels(made)) == []
