"""Whether reproduce tells true files from false."""

from typing import Any

import pytest

from dynstudy.export.export_file import Export
from dynstudy.export.reproducing import BIT_EQUAL, STATISTICAL, reproduce


def changed(made: Export, path: str, value: Any, *, sealed: bool = False) -> Export:
    """The file with one value replaced, by someone who forges the seals as well or does not."""
    contents = made.resolved()
    *way, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    section: Any = contents
    for part in way:
        section = section[part]
    section[last] = value
    forged = Export.model_validate(contents)
    return forged.sealed() if sealed else forged


def test_what_was_exported_is_reproduced_bit_for_bit(made: Export) -> None:
    done = reproduce(made)
    assert (done.test, done.problems) == (BIT_EQUAL, [])
    assert len(done.rows) == 2 * len((*made.configuration, *made.baseline))


def test_another_backend_is_tested_within_joint_standard_errors(made: Export) -> None:
    done = reproduce(made, backend="autograd")
    assert (done.test, done.problems) == (STATISTICAL, [])


CHANGES = [
    ("configuration/0/found/val_accuracy", 0.99, "configuration.1.found.val_accuracy"),
    (
        "configuration/1/confirmed/val_accuracies/0",
        0.99,
        "configuration.2.confirmed.val_accuracies.1",
    ),
    ("configuration/0/found/train_accuracy", 0.99, "configuration.1.found.train_accuracy"),
    ("configuration/0/confirmed/sem", 0.5, "configuration.1.confirmed.sem"),
    ("configuration/0/found/regime", "useful", "configuration.1.found.regime"),
    ("provenance/created", "yesterday", "provenance.created"),
    ("protocol/data/noise", 0.3, "protocol.data.noise"),
    ("configuration/0/width", 6, "configuration.1.width"),
    ("digest", "0" * 64, "digest"),
]


@pytest.mark.parametrize(("path", "value", "named"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_changed_value_is_named(path: str, value: Any, named: str, made: Export) -> None:
    problems = reproduce(changed(made, path, value)).problems
    assert f"since the file was written, something was changed: {named}" in problems


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("configuration/0/found/val_accuracy", 0.99, "val_accuracy is 0.99, its val_accuracies"),
        (
            "configuration/0/confirmed/train_accuracy",
            0.99,
            "train_accuracy is 0.99, training gives",
        ),
        ("configuration/0/found/replicates", 2, "replicates is 2, but val_accuracies has"),
        ("configuration/0/width", 6, "its key is not that of its loss, width"),
        ("protocol/steps", 300, "its key is not that of its loss, width"),
    ],
)
def test_a_forged_seal_does_not_help(path: str, value: Any, said: str, made: Export) -> None:
    done = reproduce(changed(made, path, value, sealed=True))
    assert done.problems
    assert said in " ".join(done.problems)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_accuracies_that_were_never_reached_are_found_out(elsewhere: bool, made: Export) -> None:
    """Consistent among themselves, sealed, and false; here and on another machine."""
    contents = made.resolved()
    for entry in (*contents["configuration"], *contents["baseline"]):
        confirmed = entry["confirmed"]
        confirmed["val_accuracies"] = [accuracy + 0.4 for accuracy in confirmed["val_accuracies"]]
        confirmed["val_accuracy"] += 0.4
    if elsewhere:
        contents["provenance"]["trained"][0]["processor"] = "another"
    done = reproduce(Export.model_validate(contents).sealed())
    assert done.test == (STATISTICAL if elsewhere else BIT_EQUAL)
    said = "joint standard errors away" if elsewhere else "val_accuracies of seed 1000000 is"
    assert all(said in problem or not elsewhere for problem in done.problems)
    assert said in " ".join(done.problems)
