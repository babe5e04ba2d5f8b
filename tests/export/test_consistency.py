"""What is seen of a file without training anything, though it was sealed again."""

from typing import Any

import pytest
from pydantic import ValidationError

from dynstudy.export.consistency import contradictions
from dynstudy.export.export_file import Export, load_export
from dynstudy.export.weights import check_weights
from tests.conftest import DATA
from tests.export.changed import changed

PROBLEMS: list[tuple[str, Any, str]] = [
    ("configuration/0/found/val_accuracy", 0.99, "val_accuracy is 0.99, its val_accuracies give"),
    ("configuration/0/found/gain", 0.5, "gain is 0.5, its val_accuracies give"),
    ("configuration/0/confirmed/gain_high", 0.9, "gain_high is 0.9, its val_accuracies give"),
    ("configuration/0/confirmed/sem", 0.5, "sem is 0.5, its val_accuracies give"),
    ("configuration/1/found/replicates", 2, "replicates is 2, but val_accuracies has 3"),
    ("configuration/1/found/diverged", 4, "diverged is 4 of 3"),
    (
        "configuration/1/found/diverged",
        1,
        "diverged is 1, but 0 val_accuracies are those of chance",
    ),
    ("configuration/1/found/val_accuracies/0", 0.51234567, "0.51234567, which is no share of"),
    ("configuration/0/found/train_accuracy", 0.51234567, "0.51234567, which is no share of"),
    ("configuration/0/found/first_seed", 7, "first_seed is 7, not 0"),
    ("configuration/0/confirmed/first_seed", 0, "first_seed is 0, not 1000000"),
    (
        "configuration/1/found/regime",
        "useful",
        "regime is 'useful', its val_accuracies give untest",
    ),
    (
        "configuration/1/confirmed/regime",
        "grand",
        "regime is 'grand', its val_accuracies give untest",
    ),
    ("configuration/0/found/forgets", True, "forgets is true, and forgetting is "),
    ("configuration/0/found", None, "of a configuration nothing is said to have been found"),
    ("configuration/0/width", 6, "its key is not that of its loss, width"),
    ("protocol/steps", 300, "its key is not that of its loss, width"),
    ("protocol/data/noise", 0.1, "its key is not that of its loss, width"),
    ("configuration/0/key", "0" * 64, "its key is not that of its loss, width"),
    (
        "conditional",
        "on nothing",
        "conditional is 'on nothing', its protocol gives 'conditional on",
    ),
    ("fresh_validation_seed", 3, "fresh_validation_seed is 3, its protocol gives 1000001"),
    ("selection/top", 1, "the best 1 of 10, but there are 2 configurations"),
    ("selection/candidates", 1, "the best 2 of 1, but there are 2 configurations"),
    ("provenance/trained/0/networks", 3, "networks, while its study trained 3"),
    ("provenance/trained", [], "networks, while its study trained 0"),
    ("configuration/0/found/regime", "useful", "regime is 'useful', its val_accuracies give base"),
]


@pytest.mark.parametrize(("path", "value", "said"), PROBLEMS, ids=[p[0] for p in PROBLEMS])
def test_what_can_be_derived_is_derived_again(
    path: str, value: Any, said: str, made: Export
) -> None:
    assert list(contradictions(made)) == []
    assert said in " ".join(contradictions(changed(made, path, value, sealed=True)))


def test_a_gain_needs_its_static_loss(made: Export) -> None:
    static, dynamical = made.configuration
    assert static.configuration == dynamical.configuration.baseline()
    alone = made.model_copy(update={"configuration": [dynamical]}).sealed()
    assert "its val_accuracies give absent" in " ".join(contradictions(alone))


def test_nothing_is_listed_twice(made: Export) -> None:
    twice = [made.resolved()["configuration"][0]] * 2
    assert "a configuration is listed twice" in contradictions(
        changed(made, "configuration", twice, sealed=True)
    )


HUGE: list[tuple[str, Any]] = [
    ("configuration/0/found/replicates", 1_000_000_000),
    ("configuration/0/width", 10**9),
    ("configuration/0/period", 10**12),
    ("configuration/0/amplitude", 1e300),
    ("configuration/0/learning_rate", 1e300),
    ("configuration/0/found/first_seed", 10**15),
    ("configuration/0/found/val_accuracies", []),
    ("configuration/0/found/val_accuracies", [2.0, 0.5, 0.5]),
    ("protocol/steps", 10**12),
    ("protocol/steps", 10),
    ("protocol/data/points_per_class", 10**9),
    ("protocol/data/validation_points_per_class", 10**9),
    ("protocol/data/classes", 10**6),
    ("provenance/trained/0/networks", -5),
]


@pytest.mark.parametrize(("path", "value"), HUGE, ids=[f"{path} {value}" for path, value in HUGE])
def test_an_export_asks_for_no_more_than_a_study_may(path: str, value: Any, made: Export) -> None:
    with pytest.raises(ValidationError):
        changed(made, path, value)


@pytest.mark.parametrize("changes", [{"period": None}, {"amplitude": None}, {"amplitude": 1.0}])
def test_a_dynamical_loss_has_amplitude_and_period(changes: dict[str, Any], made: Export) -> None:
    contents = made.resolved()
    entry = next(e for e in contents["configuration"] if "period" in e)
    kept = {key: value for key, value in (entry | changes).items() if value is not None}
    contents["configuration"] = [kept]
    with pytest.raises(ValidationError, match="must have amplitude and period where"):
        Export.model_validate(contents)


def test_an_export_of_an_older_dynstudy_holds() -> None:
    """Of quickstart with fewer cells and steps, when weights were called as the study was."""
    older = load_export(DATA / "export-older.toml")
    assert older.configuration[0].weights is not None
    assert list(contradictions(older)) == []
    assert check_weights(older, DATA) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("seed", 10**6, "weights: seed is 1000000, the best of its replicates is"),
        ("val_accuracy", 0.125, "weights: val_accuracy is 0.125, that of seed"),
    ],
)
def test_weights_are_of_the_best_replicate(name: str, value: Any, said: str) -> None:
    older = load_export(DATA / "export-older.toml")
    (problem,) = contradictions(
        changed(older, f"configuration/0/weights/{name}", value, sealed=True)
    )
    assert said in problem
