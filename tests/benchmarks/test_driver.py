"""The driver is measured with a whole launch: all is recorded, by the workers that there are."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks import driver
from benchmarks.driver import launch_cost
from benchmarks.planted import planted_spec
from dynstudy.bench.measure import Settings
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow, WorkerRow


def test_each_network_is_recorded_once_by_one_of_the_workers(tmp_path: Path) -> None:
    spec, url = planted_spec(30), f"sqlite:///{tmp_path}/driver.db"
    cost = launch_cost(spec, 7, 10, url)
    assert min(cost.speed, cost.of_chunk, cost.processor) > 0
    storage = Storage(url)
    with storage.engine.connect() as connection:
        counted = dict(map(tuple, connection.execute(select(WorkerRow.name, WorkerRow.networks))))
        seeds = Counter(connection.scalars(select(ReplicateRow.configuration)))
    cells = list(spec.grid_cells())
    assert sorted(seeds.values()) == sorted(len(cell.seeds) for cell in cells)
    assert counted.keys() <= {f"worker {number}" for number in range(7)}
    assert sum(counted.values()) == sum(seeds.values())
    assert storage.count_cells(storage.study(spec.name)) == len(cells)
    storage.engine.dispose()


@pytest.mark.long
def test_a_launch_is_measured_in_a_process_of_its_own() -> None:
    assert driver.in_a_process(number_of_process) not in {0, os.getpid()}


def number_of_process() -> Any:
    return os.getpid()


def test_each_case_is_measured_in_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "CELLS", 4)
    monkeypatch.setattr(driver, "CASES", ((1, 5), (3, 10)))
    monkeypatch.setattr(driver, "in_a_process", lambda function, *arguments: function(*arguments))
    said: list[str] = []
    measured = driver.measure(Settings(rounds=1), said.append)
    assert [row.quantity for row in measured.rows] == [
        f"{case}, {quantity}"
        for case in ("1 worker, chunks of 5", "3 workers, chunks of 10")
        for quantity in driver.UNITS
    ]
    assert all((row.measurement, row.rounds) == ("driver", 1) for row in measured.rows)
    assert len(said) == 2
    (note,) = measured.notes
    assert "a map of 80 networks" in note
