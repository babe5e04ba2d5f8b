"""The data sets of scikit-learn, and their options."""

from typing import Any

import numpy as np
import pytest
import sklearn.datasets

from dynstudy.errors import SpecError
from dynstudy.protocol import Protocol
from dynstudy.study.spec import StudySpec
from dynstudy.task.data.labelled import labelled
from dynstudy.task.data.scikit import OPTIONS, SklearnData
from tests.planted import SMALL


def read(**values: Any) -> Any:
    return Protocol.model_validate({"data": {"kind": "sklearn", **values}}).data


@pytest.mark.parametrize("name", OPTIONS)
def test_it_is_what_scikit_learn_has(name: str) -> None:
    function, options = OPTIONS[name]
    load = getattr(sklearn.datasets, function)
    seeded = {"random_state": 0} if "random_state" in options else {"return_X_y": True}
    assert read(name=name).read.sha256 == labelled(*load(**seeded)).sha256


@pytest.mark.parametrize(
    ("options", "load"),
    [
        ({"name": "digits", "n_class": 4}, "load_digits"),
        ({"name": "moons", "n_samples": 50, "noise": 0.2, "random_state": 3}, "make_moons"),
        ({"name": "circles", "factor": 0.3, "shuffle": False}, "make_circles"),
        ({"name": "blobs", "centers": 5, "n_features": 7, "cluster_std": 2.0}, "make_blobs"),
    ],
)
def test_its_options_are_scikit_learn_s(options: dict[str, Any], load: str) -> None:
    rest = {name: value for name, value in options.items() if name != "name"}
    more = {"return_X_y": True} if load == "load_digits" else {"random_state": 0}
    expected = labelled(*getattr(sklearn.datasets, load)(**more | rest))
    assert read(**options).read.sha256 == expected.sha256


def test_classes_are_called_what_they_are_called_there() -> None:
    assert read(name="iris").class_names == ("setosa", "versicolor", "virginica")
    assert read(name="digits", n_class=3).class_names == ("0", "1", "2")
    cancer = read(name="breast_cancer")
    assert cancer.class_names == ("malignant", "benign")
    assert (cancer.read.points, cancer.balanced) == ((212, 357), False)


def test_points_in_the_plane_are_sketched() -> None:
    moons = read(name="moons", n_samples=30)
    x, y = moons.sketch
    assert (x.shape, np.bincount(y).tolist()) == ((30, 2), [15, 15])
    assert read(name="iris").sketch is None


def study(**data: Any) -> StudySpec:
    return StudySpec.of(SMALL | {"protocol": {"steps": 200, "tail": 50, "data": data}}, "mine.toml")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "digit"}, r"protocol.data.name = 'digit': must be 'digits', 'iris', "),
        ({"name": "iris", "noise": 0.1}, r".*noise is no option of iris .*it has no options"),
        ({"name": "moons", "factor": 0.1}, r".*factor is no option of moons \(sklearn.datasets.m"),
        ({"name": "moons", "nois": 0.1}, r"unknown key 'protocol.data.nois'; did you mean 'noise'"),
        ({"name": "moons", "n_samples": 2}, r"protocol.data.n_samples = 2: must be at least 4"),
        ({"name": "digits", "n_class": 11}, r"protocol.data.n_class = 11: must be at most 10"),
        ({"name": "blobs", "centers": 50, "n_samples": 50}, r"protocol.data: .* has 1 point of"),
        ({}, r"key 'protocol.data.name' is missing"),
    ],
)
def test_what_it_has_not_is_one_line(data: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=f"^mine.toml: {said}") as raised:
        study(kind="sklearn", **data)
    assert "\n" not in str(raised.value)


def test_a_kind_that_there_is_not_is_one_line() -> None:
    with pytest.raises(SpecError, match=r"protocol.data.kind = 'csv': must be one of 'spiral', "):
        study(kind="csv")


def test_it_is_resolved_with_what_was_read() -> None:
    spec = study(kind="sklearn", name="moons")
    resolved = spec.resolved()["protocol"]["data"]
    assert resolved["random_state"] == 0
    assert resolved["read"]["points"] == [50, 50]
    assert StudySpec.of(spec.resolved()) == spec
    assert isinstance(spec.protocol.data, SklearnData)
