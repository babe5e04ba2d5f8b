"""A network that ends every process which trains it: it is named, and all others are trained."""

import os
import signal
from typing import Any

import pytest

import dynstudy
from dynstudy.errors import ClusterError
from dynstudy.launch.executors.dask import Dask, local
from dynstudy.store.launches import launches
from dynstudy.store.studies import Storage
from tests.launch.recorded import networks, trials
from tests.planted import SpecMaker


def test_all_but_the_network_that_kills_are_trained(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, killed = Dask.submit, 0

    def kill(self: Dask, slot: Any, chunk: Any) -> None:
        nonlocal killed
        submit(self, slot, chunk)
        replicates = [task.replicate for task in chunk.tasks]
        if any(each.configuration.amplitude == 30 and each.seed == 1 for each in replicates):
            os.kill(int(slot.name.rpartition(":")[2]), signal.SIGKILL)
            killed += 1

    monkeypatch.setattr(Dask, "submit", kill)
    spec = make_spec(space={"learning_rate": 1.0, "amplitude": [3, 30], "period": 10, "width": 5})
    said: list[str] = []
    with pytest.raises(ClusterError) as caught:
        dynstudy.run(spec, storage=storage, executor=local("cpu", 2), log=said.append)
    name = "dce, width 5, learning rate 1, A = 30, T = 10, seed 1: ended 3 workers by itself"
    assert name in str(caught.value)
    assert str(caught.value).endswith(
        "all others are recorded, and the same command tries it again"
    )
    assert killed >= 3
    assert networks(storage) == 12 - 1
    assert {trial.params["amplitude"] for trial in trials(storage)} == {1, 3}
    (launch,) = launches(storage.engine, storage.study_id(storage.study("small")))
    assert launch.status == "failed"
    monkeypatch.undo()
    assert dynstudy.run(spec, storage=storage).trained == 1
    assert len(trials(storage)) == 3
