"""Loss and curvature along training, from ledgers with chosen ones."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.training_curves import CURVATURE, training_curves
from dynstudy.config import Replicate
from dynstudy.errors import DynstudyError
from dynstudy.measure.records import LOSS, loss_steps
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import Series
from dynstudy.store.studies import Storage
from tests.analysis.planted_training import RATES, WIDTHS, plant_training, static, training_map
from tests.planted import SMALL, small_map, small_search

SPEC = training_map()
EDGES = np.array([1.0, 1.2, 1.7])


def curve(storage: Storage, quantity: str, width: int, rate: float) -> Any:
    frame = training_curves(storage, "small").frame
    of_cell = (frame.width == width) & (frame.learning_rate == rate)
    return frame[of_cell & (frame.quantity == quantity)]


def test_curvature_is_that_of_pairs_with_errors_of_its_mean(storage: Storage) -> None:
    plant_training(storage, SPEC)
    for rate in RATES:
        read = curve(storage, CURVATURE, 5, rate)
        np.testing.assert_allclose(read["mean"], EDGES.mean() * 2 / rate)
        sem = EDGES.std(ddof=1) / np.sqrt(3) * 2 / rate
        np.testing.assert_allclose(read["sem"], sem)
        assert (read.to_step - read.from_step == 2).all()
        assert {10, 100, 1000, 10_000} <= set(read.from_step)
        assert (read.replicates == 3).all()


def test_the_loss_is_its_mean_over_the_steps_between_records(storage: Storage) -> None:
    plant_training(storage, SPEC)
    read = curve(storage, LOSS, 9, 1.0)
    assert read.to_step.tolist() == [*loss_steps(SPEC.protocol)]
    assert read.from_step.tolist() == [0, *loss_steps(SPEC.protocol)[:-1]]
    for first, last, mean in read[["from_step", "to_step", "mean"]].itertuples(index=False):
        losses = 1 / np.arange(first + 1, last + 1)  # of seed 0; the others' are 2 and 3 times that
        assert mean == pytest.approx(2 * losses.mean())
    np.testing.assert_allclose(read["sem"], read["mean"] / 2 / np.sqrt(3))


def test_cells_say_how_far_beyond_the_edge_they_are(storage: Storage) -> None:
    plant_training(storage, SPEC)
    cells = training_curves(storage, "small").cells()
    assert [(row["width"], row["learning_rate"]) for row in cells] == [
        (width, rate) for width in WIDTHS for rate in RATES
    ]
    for row in cells:
        for window in ("edge_3000_to_10000", "edge_10000_to_30000"):
            assert row[window] == pytest.approx(1.3)
            assert row[f"{window}_sem"] == pytest.approx(EDGES.std(ddof=1) / np.sqrt(3))
        last = 2 / np.arange(loss_steps(SPEC.protocol)[-2] + 1, 30_001)
        assert row["last_loss"] == pytest.approx(last.mean())
        assert (row["networks"], row["diverged"]) == (3, 0)


def test_a_window_in_which_training_ends_is_absent(storage: Storage) -> None:
    short = SPEC.protocol.model_copy(update={"steps": 20_000})
    plant_training(storage, SPEC.model_copy(update={"protocol": short}))
    for row in training_curves(storage, "small").cells():
        assert row["edge_3000_to_10000"] == pytest.approx(1.3)
        assert row["edge_10000_to_30000"] is row["edge_10000_to_30000_sem"] is None


def test_networks_that_diverged_are_counted_and_left_out(storage: Storage) -> None:
    plant_training(storage, SPEC, [1.0, None, 2.0])
    read = training_curves(storage, "small")
    assert {(row["networks"], row["diverged"]) for row in read.cells()} == {(3, 1)}
    assert [row["edge_3000_to_10000"] for row in read.cells()] == pytest.approx([1.5] * 4)
    assert set(read.frame.replicates) == {2}


def test_a_cell_whose_networks_all_diverged_is_there_without_a_number(storage: Storage) -> None:
    plant_training(storage, SPEC, {1.0: [None, None]})
    fast, slow = (
        [row for row in training_curves(storage, "small").cells() if row["learning_rate"] == rate]
        for rate in (1.0, 0.1)
    )
    assert [(row["networks"], row["diverged"]) for row in fast] == [(2, 2)] * 2
    assert {row[name] for row in fast for name in row if name[:4] in {"edge", "last"}} == {None}
    assert [(row["networks"], row["diverged"]) for row in slow] == [(3, 0)] * 2


def test_where_all_diverged_there_is_nothing_to_draw(storage: Storage) -> None:
    plant_training(storage, SPEC, [None, None])
    with pytest.raises(DynstudyError, match="all networks of static losses diverged"):
        training_curves(storage, "small")


def test_one_network_has_no_standard_error(storage: Storage) -> None:
    plant_training(storage, SPEC, [1.4])
    (first, *_) = training_curves(storage, "small").cells()
    assert first["edge_3000_to_10000"] == pytest.approx(1.4)
    assert first["edge_3000_to_10000_sem"] is None


def test_what_another_study_read_besides_changes_nothing(storage: Storage) -> None:
    plant_training(storage, SPEC)
    before = training_curves(storage, "small").frame
    steps = (25, 26, 700, 701)
    more = {
        "eigenvalues": Series(steps, np.full((4, 4), 1e3)),
        "loss": Series((25, 700), np.array([[40.0], [41.0]])),
    }
    ledger = Ledger(storage.engine, SPEC.protocol)
    measures = {"val_accuracy": 0.4, "train_accuracy": 0.4}
    record = Record(Replicate(static(5, 1.0), 0), None, measures, more)
    ledger.add([record], Trainer("cpu", "planted", "a processor", {}))
    after = training_curves(storage, "small").frame
    pd.testing.assert_frame_equal(before, after)


def test_a_network_that_is_there_without_its_curvature_is_not_read_yet(storage: Storage) -> None:
    plant_training(storage, SPEC, [1.0, 1.2])
    ledger = Ledger(storage.engine, SPEC.protocol)
    measures = {"val_accuracy": 0.4, "train_accuracy": 0.4}
    record = Record(Replicate(static(5, 1.0), 2), None, measures, {})
    ledger.add([record], Trainer("cpu", "planted", "a processor", {}))
    assert {row["networks"] for row in training_curves(storage, "small").cells()} == {2}


def test_of_a_dynamical_study_its_static_losses_are_read(storage: Storage) -> None:
    space = {"learning_rate": 1.0, "width": 5, "amplitude": [3, 30], "period": 50}
    spec = training_map(loss=["dce", "dmse1"], space=space, baseline_replicates=12)
    plant_training(storage, spec)
    assert [row["loss"] for row in training_curves(storage, "small").cells()] == ["ce", "mse"]


def test_networks_of_which_each_rate_has_its_steps_are_read_at_its_records(
    storage: Storage,
) -> None:
    asked = {"records": {"per_decade": 4}, "onsets": False, "uphill": False, "loss": True}
    steps = {"per_learning_rate": 3000}
    spec = training_map(protocol={"steps": steps, "tail": "none", "curvature": asked})
    plant_training(storage, spec)
    for rate in RATES:
        read = curve(storage, LOSS, 5, rate)
        assert read.to_step.tolist() == [*loss_steps(spec.protocol.at(rate))]
        assert read.to_step.iloc[-1] == 3000 / rate
        np.testing.assert_allclose(read["sem"], read["mean"] / 2 / np.sqrt(3))
    (slow, fast) = training_curves(storage, "small").cells()[:2]
    assert slow["edge_10000_to_30000"] == pytest.approx(1.3)
    assert fast["edge_3000_to_10000"] is None


def test_a_study_without_static_losses_is_refused(storage: Storage) -> None:
    asked = {"records": {"per_decade": 4}, "uphill": False, "loss": True}
    protocol = {"steps": 200, "tail": 0, "until": "onset", "curvature": asked}
    storage.open_study(small_map(name="until", protocol=protocol))
    with pytest.raises(DynstudyError, match="'until' trains no static loss, which figure 1 shows"):
        training_curves(storage, "until")


def test_studies_of_which_there_is_nothing_to_draw_are_one_line(storage: Storage) -> None:
    storage.open_study(small_map(name="plain"))
    with pytest.raises(DynstudyError, match="'plain' reads no curvature along training; figure 1"):
        training_curves(storage, "plain")
    storage.open_study(training_map({"loss": False}, name="without"))
    with pytest.raises(
        DynstudyError, match=r"'without' reads no loss along .* loss = true and rec"
    ):
        training_curves(storage, "without")
    storage.open_study(training_map({"records": []}, name="unread"))
    with pytest.raises(DynstudyError, match="'unread' reads no curvature along training"):
        training_curves(storage, "unread")
    storage.open_study(training_map(name="new"))
    with pytest.raises(DynstudyError, match="'new' has no trained cell of a static loss yet; run"):
        training_curves(storage, "new")
    protocol = SMALL["protocol"] | {"curvature": {"loss": True}}
    storage.open_study(small_search(protocol=protocol))
    with pytest.raises(DynstudyError, match="'search' is a search; figure 1 needs a map"):
        training_curves(storage, "search")
