"""Networks that end at their first onset, of as many steps as their learning rate asks for."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

import dynstudy
from dynstudy.config import Replicate
from dynstudy.errors import ExportError
from dynstudy.export.exporting import export
from dynstudy.launch.estimate import estimate
from dynstudy.launch.replicates import to_arrays
from dynstudy.measure.records import loss_steps
from dynstudy.report.listing import list_rows
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from dynstudy.study.kinds.map import MapSpec
from dynstudy.train import Curvature, train
from tests.planted import small_map

STEPS = {"per_learning_rate": 300}
PROTOCOL = {"steps": STEPS, "tail": 0, "until": "onset", "dtype": "float64"}
RECORDS = {"per_decade": 2}
SPACE = {"learning_rate": [0.25, 1.0], "amplitude": 30, "period": 100, "width": 20}
NETWORKS = 2 * 3


def spec_with(**curvature: Any) -> MapSpec:
    protocol = PROTOCOL | {"curvature": {"records": RECORDS} | curvature}
    return small_map(loss="dmse1", replicates=3, space=SPACE, protocol=protocol)


@pytest.fixture
def trained(storage: Storage) -> Storage:
    assert dynstudy.run(spec_with(), storage=storage, backend="cpu").trained == NETWORKS
    return storage


def test_each_learning_rate_has_its_steps_and_no_baseline_is_trained(trained: Storage) -> None:
    with trained.engine.connect() as connection:
        row = ReplicateRow
        rows = connection.execute(select(row.learning_rate, row.steps, row.loss, row.until)).all()
    assert sorted(set(rows)) == [(0.25, 1200, "dmse1", "onset"), (1.0, 300, "dmse1", "onset")]
    (line,) = list_rows(trained)
    assert line["network_steps"] == 3 * (1200 + 300)
    assert (line["networks"], line["networks_trained"]) == (NETWORKS, NETWORKS)


def test_what_is_recorded_is_of_the_network_as_it_ended(trained: Storage) -> None:
    spec = spec_with()
    ledger = Ledger(trained.engine, spec.protocol)
    ended = 0
    for cell in spec.grid_cells():
        rate = cell.configuration.learning_rate
        steps = spec.protocol.at(rate).training_steps
        networks, data = to_arrays(
            [Replicate(cell.configuration, seed) for seed in cell.seeds], spec.protocol
        )
        asked = Curvature(onsets=True)
        first = train(networks, data, checkpoints=[steps], curvature=asked).onsets.first
        ends = np.where(first < 0, steps, first + 1)
        whole = train(networks, data, checkpoints=np.unique(ends))
        rows = ledger.load([cell.configuration])
        of_cell = ledger.networks([cell.configuration])[cell.configuration]
        for b, end in enumerate(ends.tolist()):
            at_end = whole.validation_correct[b, np.unique(ends).tolist().index(end)]
            assert rows.val_accuracy[b] == at_end.sum() / len(data.validation_y)
            named = of_cell[b][1]
            assert named["validation"].steps == (steps,)
            assert named["onsets"].steps == (end,)
            assert max(named["eigenvalues"].steps) < end + (first[b] < 0)
            ended += int(end < steps)
    assert ended > 0


def test_nothing_is_trained_twice_and_more_records_are_read_of_all(trained: Storage) -> None:
    again = dynstudy.run(spec_with(), storage=trained, backend="cpu")
    assert (again.trained, again.reused) == (0, NETWORKS)
    more = spec_with(eigenvalues=3, loss=True)
    assert dynstudy.run(more, storage=trained, backend="cpu", extend=True).trained == NETWORKS
    assert dynstudy.run(more, storage=trained, backend="cpu").trained == 0
    ledger = Ledger(trained.engine, more.protocol)
    for cell in more.grid_cells():
        protocol = more.protocol.at(cell.configuration.learning_rate)
        for _, named in ledger.networks([cell.configuration])[cell.configuration].values():
            (end,) = named["onsets"].steps
            ended = end < protocol.training_steps
            wanted = [step for step in loss_steps(protocol) if step < end + (not ended)]
            assert [*named["loss"].steps] == wanted


def test_none_of_them_is_the_best(trained: Storage) -> None:
    with pytest.raises(ExportError, match="its networks end at their first onset"):
        export(trained, "small", by="val_accuracy")


def test_its_estimate_says_that_it_is_the_most(trained: Storage) -> None:
    text = "\n".join(estimate(spec_with(), backend="cpu").lines())
    assert "network-steps  4500, fewer where networks end at an onset" in text
    assert "at most about" in text
    assert "λ1 to λ2 at 2 pairs of steps a decade" in text
