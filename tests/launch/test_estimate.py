"""What a study will cost: counted exactly, measured roughly."""

from pathlib import Path
from typing import Any

import pytest
import torch

import dynstudy
from dynstudy.errors import BackendError, StudyMismatchError
from dynstudy.launch.estimate import duration, estimate
from dynstudy.train.backends import _autograd_compiled
from tests.planted import SMALL, SearchMaker, SpecMaker


def test_what_is_not_trained_yet_is_counted_and_nothing_is_written(
    url: str, make_spec: SpecMaker, tmp_path: Path
) -> None:
    estimated = estimate(make_spec(), storage=url)
    assert (estimated.cells, estimated.networks, estimated.network_steps, estimated.recorded) == (
        5,
        16,
        3200,
        0,
    )
    assert estimated.seconds > 0
    assert estimated.device.endswith("(cpu)")
    assert estimated.least is None
    assert not list(tmp_path.iterdir())


def test_the_backend_is_said_and_why_it_is_not_a_faster_one(url: str, make_spec: SpecMaker) -> None:
    def said(backend: str = "auto", **changes: Any) -> str:
        spec = make_spec(protocol=SMALL["protocol"] | changes)
        (line,) = [
            line
            for line in estimate(spec, storage=url, backend=backend).lines()
            if line.startswith("backend")
        ]
        return line.split(maxsplit=1)[1]

    assert said() == "cpu, the fastest of this machine"
    assert said("autograd") == "autograd, which --backend names"
    assert said(network={"depth": 2}) == (
        "autograd, since cpu trains one hidden layer of ReLU, not 2 hidden layers of relu"
    )


def test_what_is_in_the_ledger_costs_nothing(url: str, make_spec: SpecMaker) -> None:
    dynstudy.run(make_spec(), storage=url)
    done = estimate(make_spec(), storage=url)
    assert (done.recorded, done.seconds, done.device) == (16, 0, "")
    assert done.lines()[-1] == "time           none: everything is in the ledger"
    space = {"learning_rate": 1.0, "amplitude": [3, 9], "period": [10, 30], "width": 5}
    other = estimate(make_spec(name="other", space=space), storage=url)
    assert (other.networks, other.recorded) == (16, 12)


def test_curvature_is_said_and_counted(url: str, make_spec: SpecMaker) -> None:
    dynstudy.run(make_spec(), storage=url)
    asked = {"records": [50, 51], "eigenvalues": 1, "loss": True}
    protocol = SMALL["protocol"] | {"curvature": asked}
    with pytest.raises(StudyMismatchError, match="--extend"):
        estimate(make_spec(protocol=protocol), storage=url)
    more = estimate(make_spec(protocol=protocol), storage=url, extend=True)
    assert (more.networks, more.recorded, more.again) == (16, 0, 16)
    assert more.seconds > 0
    networks, _, curvature = more.lines()[2:5]
    assert networks.endswith("(0 of them already in the ledger, 16 there but without all of their "
                             "curvature)")  # fmt: skip
    assert curvature.split(maxsplit=1)[1] == (
        "λ1 at 3 steps, onsets of instabilities, uphill steps, mean losses"
    )


def test_a_study_that_cannot_be_run_is_refused_as_when_it_is_run(
    url: str, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=url)
    with pytest.raises(StudyMismatchError, match="replicates was 2, now 3"):
        estimate(make_spec(replicates=3), storage=url)
    with pytest.raises(BackendError):
        estimate(make_spec(), backend="nope", storage=url)


def test_in_rounds_it_is_from_the_least_to_the_most(url: str, make_spec: SpecMaker) -> None:
    estimated = estimate(make_spec(replicates={"min": 6, "max": 9}), storage=url)
    assert estimated.least is not None
    assert (estimated.least.networks, estimated.networks) == (36 + 4 * 6, 36 + 4 * 9)
    assert estimated.lines()[2].startswith("networks       60 to 72 (0 of the first 60 already")


def test_a_search_costs_its_trials(url: str, make_search: SearchMaker) -> None:
    estimated = estimate(make_search(), storage=url)
    assert (estimated.cells, estimated.networks) == (8, 16)


def test_times_are_in_the_unit_that_fits() -> None:
    for seconds, said in ((0.2, "0 s"), (99, "99 s"), (120, "2.0 min"), (7200, "2.0 h")):
        assert duration(seconds) == said


def test_the_time_is_that_of_trainings_as_long_as_those_of_the_study(
    url: str, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which `autograd` compiles."""
    monkeypatch.delenv("DYNSTUDY_COMPILE")
    monkeypatch.setattr(_autograd_compiled, "_compiler", _autograd_compiled.Compiler())
    compiled: list[Any] = []

    def count(step: Any, **_: Any) -> Any:
        compiled.append(step)
        return step

    monkeypatch.setattr(torch, "compile", count)
    for steps, times in ((1000, 0), (3000, 1)):
        spec = make_spec(protocol=SMALL["protocol"] | {"steps": steps})
        estimate(spec, storage=url, backend="autograd")
        assert len(compiled) == times
