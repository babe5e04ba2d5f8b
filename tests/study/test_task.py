"""A task in Python takes the place of what a study file says of data, model and optimiser."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dynstudy
from dynstudy.errors import SpecError
from dynstudy.store.keys import configuration_key
from dynstudy.study.shipped import shipped
from dynstudy.study.spec import StudySpec
from dynstudy.study.task import Task
from dynstudy.task.network import Network
from dynstudy.task.optimiser import SGD, AdamW
from dynstudy.task.own_network import OwnNetwork
from tests.models import layers
from tests.planted import SEARCH, SMALL, small_map

X = np.random.default_rng(0).normal(size=(30, 2))
Y = np.arange(30) % 3


def test_what_is_not_given_is_the_study_files() -> None:
    spec = small_map()
    assert Task().of(spec) == spec
    task = Task(model=layers, version=1).of(spec)
    assert task.protocol.network == OwnNetwork.of(layers, 1)
    assert task.protocol.data == spec.protocol.data
    assert task.protocol.optimiser == spec.protocol.optimiser
    assert task.model_copy(update={"protocol": spec.protocol}) == spec


def test_a_task_is_the_protocol_of_a_file_that_says_the_same() -> None:
    tables: dict[str, Any] = {
        "network": {"kind": "python", "function": "tests.models:layers", "version": "1"},
        "data": {"points_per_class": 9, "noise": 0.1},
        "optimiser": {"name": "adamw", "batch": 10},
    }
    task = Task(model=layers, version=1, data=tables["data"], optimiser=tables["optimiser"]).of(
        small_map()
    )
    file = small_map(protocol=SMALL["protocol"] | tables)
    assert task == file
    (cell, *_) = file.cells_ahead()
    keys = {configuration_key(spec.protocol, cell.configuration) for spec in (task, file)}
    assert len(keys) == 1
    by_name = Task(model="tests.models:layers", version="1").of(small_map())
    assert by_name.protocol.network == task.protocol.network


def test_arrays_are_split_or_validated_on_others() -> None:
    split = Task(data=(X, Y)).of(small_map()).protocol.data
    assert split.training_points.sum() + split.validation_points.sum() == 30
    apart = Task(data=(X, Y, X[:9], Y[:9])).of(small_map()).protocol.data
    assert apart.training_points.tolist() == [10, 10, 10]
    assert apart.validation_points.tolist() == [3, 3, 3]
    assert split.content() != apart.content()


def test_arrays_to_validate_on_are_of_the_same_features() -> None:
    """Points of another shape were found out when they were to be scaled, by NumPy."""
    with pytest.raises(
        SpecError, match=r"task: data has 3 features to validate on, and 2 to train"
    ):
        Task(data=(X, Y, np.ones((9, 3)), Y[:9]))
    frame = pd.DataFrame(X, columns=["u", "v"])
    swapped = Task(data=(frame, Y, frame[["v", "u"]], Y)).of(small_map()).protocol.data.points([0])
    np.testing.assert_array_equal(swapped.x[0], swapped.validation_x)


def test_classes_may_be_words() -> None:
    data = Task(data=(X, np.array(["a", "b", "c"])[Y])).of(small_map()).protocol.data
    assert (data.classes, data.features) == (3, 2)


def test_an_optimiser_without_a_name_is_gradient_descent() -> None:
    def optimiser(given: Mapping[str, Any]) -> Any:
        return Task(optimiser=given).of(small_map()).protocol.optimiser

    assert optimiser({"momentum": 0.9}) == SGD(momentum=0.9)
    assert optimiser({"name": "adamw"}) == AdamW(name="adamw")


@pytest.mark.parametrize("name", shipped())
def test_any_study_may_be_of_a_task(name: str) -> None:
    spec = dynstudy.load_spec(shipped()[name])
    assert Task().of(spec) == spec


def test_a_search_may_be_of_a_task() -> None:
    spec = StudySpec.of(SEARCH)
    assert Task(model=layers, version=1).of(spec).protocol.network == OwnNetwork.of(layers, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": layers}, "protocol.network.version = None: must be given"),
        ({"version": 1}, "version = 1: is of a model, and none is given"),
        ({"model": lambda width, seed: None, "version": 1}, "has a name"),
        ({"model": "net", "version": 1}, "protocol.network.function = 'net': must name"),
        ({"data": (X,)}, "must be (x, y), (x, y, validation_x, validation_y) or a mapping"),
        ({"data": "digits"}, "must be (x, y), (x, y, validation_x, validation_y) or a mapping"),
        ({"data": (X, Y[:3])}, "30 points and the classes of 3"),
        ({"data": (X, 0 * Y)}, "one class"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(given: Any, said: str) -> None:
    with pytest.raises(SpecError) as raised:
        dynstudy.Task(**given)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"optimiser": {"name": "lion"}}, "protocol.optimiser.name = 'lion'"),
        ({"optimiser": {"momentun": 0.9}}, "did you mean 'momentum'"),
        ({"data": {"kind": "spiral", "armss": 2}}, "protocol.data.armss"),
    ],
)
def test_what_does_not_go_with_the_study_is_said_in_a_line(given: Any, said: str) -> None:
    with pytest.raises(SpecError) as raised:
        Task(**given).of(small_map())
    assert str(raised.value).startswith("study 'small' with this task: ")
    assert said in str(raised.value)


def test_a_task_replaces_a_network_of_layers() -> None:
    deep = small_map(protocol=SMALL["protocol"] | {"network": {"depth": 2}})
    assert deep.protocol.network == Network(depth=2)
    assert Task(model=layers, version=1).of(deep).protocol.network == OwnNetwork.of(layers, 1)
