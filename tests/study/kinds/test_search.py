"""A search: drawn, not listed."""

from typing import Any

import optuna
import pytest

from dynstudy.config import Configuration
from dynstudy.errors import SpecError
from dynstudy.store.studies import Storage
from tests.planted import SEARCH, SearchMaker

DCE = Configuration("dce", 3, 1.0, 9.0, 20)
CE = Configuration("ce", 3, 1.0)


def drawn(spec: Any, count: int = 50) -> list[Configuration]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [spec.suggest(study.ask()) for _ in range(count)]


def test_what_is_drawn_lies_in_the_space(make_search: SearchMaker) -> None:
    for configuration in drawn(make_search(loss=["ce", "dce"])):
        assert configuration.width in {3, 5}
        assert configuration.learning_rate == 1
        if configuration.static:
            assert (configuration.amplitude, configuration.period) == (None, None)
        else:
            assert 2 <= configuration.amplitude <= 100
            assert 10 <= configuration.period <= 50
            assert isinstance(configuration.period, int)


def test_amplitudes_are_drawn_on_a_logarithm(make_search: SearchMaker) -> None:
    half_way = 14  # from 2 to 100
    below = [cell.amplitude < half_way for cell in drawn(make_search(), 400)]
    assert sum(below) / 400 == pytest.approx(0.5, abs=0.1)


def test_for_gain_each_width_has_a_baseline_of_more_replicates(make_search: SearchMaker) -> None:
    for_gain = list(make_search(maximize="gain").chosen_cells([DCE, DCE]))
    assert [(cell.configuration, cell.replicates) for cell in for_gain] == [(CE, 8), (DCE, 2)]
    assert for_gain[0].reads == (200,)
    assert for_gain[1].reads[-1] == 200
    alone = list(make_search().chosen_cells([CE, DCE]))
    assert [(cell.configuration, cell.replicates) for cell in alone] == [(CE, 2), (DCE, 2)]


def test_all_that_it_tried_of_a_loss_is_tested_together(make_search: SearchMaker) -> None:
    cells = [Configuration("dce", width, 1.0, 30.0, 20) for width in (5, 9)]
    assert len({make_search().family(cell) for cell in cells}) == 1


def test_its_cells_are_those_of_complete_trials_and_kept_are_those_in_training(
    storage: Storage, make_search: SearchMaker
) -> None:
    spec = make_search()
    study = storage.open_study(spec)
    chosen = [spec.suggest(study.ask()) for _ in range(3)]
    study.tell(0, 0.5)
    assert [cell.configuration for cell in spec.cells(study)] == chosen[:1]
    assert {cell.configuration for cell in spec.cells_to_keep(study)} == set(chosen)
    assert len(spec.cells_ahead()) == spec.planned_trials({}) == 8


@pytest.mark.parametrize(
    ("changes", "grows"),
    [
        ({"search": SEARCH["search"] | {"trials": 9}}, True),
        ({"search": SEARCH["search"] | {"trials": 8}}, False),
        ({"search": SEARCH["search"] | {"trials": 9, "batch": 4}}, False),
        ({"search": SEARCH["search"] | {"trials": 9}, "replicates": 3}, False),
    ],
    ids=str,
)
def test_it_grows_to_more_trials_of_the_same(
    changes: dict[str, object], grows: bool, make_search: SearchMaker
) -> None:
    assert make_search().grows_to(make_search(**changes)) is grows


def test_small_widths_are_a_second_direction(make_search: SearchMaker) -> None:
    assert make_search().directions == ["maximize"]
    both = make_search(minimize="width")
    assert both.directions == ["maximize", "minimize"]
    assert both.described().endswith("for the highest val_accuracy and the smallest width")


@pytest.mark.parametrize("sampler", ["gp", "qmc"])
def test_a_sampler_of_one_space_refuses_two(sampler: str, make_search: SearchMaker) -> None:
    with pytest.raises(SpecError, match="needs the same parameters in every trial"):
        make_search(loss=["ce", "dce"], search={"sampler": sampler, "trials": 8})
