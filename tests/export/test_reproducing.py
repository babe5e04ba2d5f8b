"""Whether reproduce tells true files from false."""

from typing import Any

import pytest

from dynstudy.analysis.regime_map import regime_map
from dynstudy.export.export_file import Export
from dynstudy.export.exporting import export
from dynstudy.export.reproducing import BIT_EQUAL, STATISTICAL, reproduce
from dynstudy.launch.executors.here import Here
from dynstudy.measure.measures import net_names
from dynstudy.store.studies import Storage
from tests.export.changed import changed


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


def test_what_contradicts_itself_is_not_trained(
    made: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Here, "submit", lambda *_: pytest.fail("it trains"))
    for sealed in (False, True):
        forged = changed(made, "configuration/0/found/replicates", 400_000, sealed=sealed)
        done = reproduce(forged)
        assert (done.test, done.rows) == (None, [])
        said = "configuration 1, found: replicates is 400000, but val_accuracies has 12"
        assert said in done.problems


def test_as_many_accuracies_as_replicates_are_more_than_the_study_trained(made: Export) -> None:
    contents = made.resolved()
    measured = contents["configuration"][0]["found"]
    measured |= {"replicates": 1000, "val_accuracies": [0.5] * 1000}
    problems = reproduce(Export.model_validate(contents).sealed()).problems
    trained = made.provenance.trained[0].networks
    assert (
        f"it asks for {made.networks + 988} networks, while its study trained {trained}" in problems
    )


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("configuration/0/confirmed/train_accuracy", 0.9, "train_accuracy is 0.9, training gives"),
        ("configuration/0/found/unrecovered", 0.9, "unrecovered is 0.9, training gives"),
        ("configuration/0/found/forgetting", 0.1, "forgetting is 0.1, training gives"),
        (
            "configuration/0/found/diverged",
            1,
            "diverged is 1, but 0 val_accuracies are those of chance",
        ),
        ("configuration/0/confirmed/forgets", False, "forgets is False, training gives None"),
    ],
)
def test_a_forged_seal_does_not_help(path: str, value: Any, said: str, made: Export) -> None:
    done = reproduce(changed(made, path, value, sealed=True))
    assert said in " ".join(done.problems)


def other_versions(made: Export) -> Export:
    return changed(made, "provenance/trained/0/versions/numpy", "1.0", sealed=True)


def test_other_versions_do_not_loosen_the_comparison_unasked(made: Export) -> None:
    assert (done := reproduce(other_versions(made))).problems == []
    assert (done.test, done.loosened) == (BIT_EQUAL, "")
    assert "the versions that trained it" in " ".join(done.unchecked)

    forged = changed(other_versions(made), "configuration/0/found/train_accuracy", 0.9, sealed=True)
    first, *_, hint = reproduce(forged).problems
    assert "train_accuracy is 0.9, training gives" in first
    assert hint.startswith(
        "it was trained with numpy '1.0', not the version here; --other-versions"
    )

    done = reproduce(forged, other_versions=True)
    assert (done.test, done.problems) == (STATISTICAL, [])
    assert "numpy '1.0'" in done.loosened
    assert "train_accuracy" in " ".join(done.unchecked)


def test_another_machine_is_named_where_it_loosens_the_comparison(made: Export) -> None:
    elsewhere = changed(made, "provenance/trained/0/processor", "an abacus", sealed=True)
    done = reproduce(elsewhere)
    assert (done.test, done.problems) == (STATISTICAL, [])
    assert "an abacus" in done.loosened


def test_the_number_of_threads_does_not_loosen_the_comparison(made: Export) -> None:
    trained = made.provenance.trained[0]
    threads = f"999{trained.device.lstrip('0123456789')}"
    done = reproduce(changed(made, "provenance/trained/0/device", threads, sealed=True))
    assert threads != trained.device
    assert (done.test, done.problems) == (BIT_EQUAL, [])


def test_net_forgetting_is_compared_on_another_machine(made: Export) -> None:
    contents = made.resolved()
    contents["provenance"]["trained"][0]["processor"] = "an abacus"
    for entry in contents["configuration"]:
        if "forgetting" in entry["found"]:
            entry["found"]["forgetting"] += 1
    problems = reproduce(Export.model_validate(contents).sealed()).problems
    assert "forgetting is " in problems[0]
    assert "joint standard errors away" in problems[0]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_accuracies_that_were_never_reached_are_found_out(elsewhere: bool, made: Export) -> None:
    """Consistent among themselves, sealed, and false; here and on another machine."""
    contents = made.resolved()
    for entry in (*contents["configuration"], *contents["baseline"]):
        confirmed = entry["confirmed"]
        confirmed["val_accuracies"] = [accuracy - 0.3 for accuracy in confirmed["val_accuracies"]]
        confirmed["val_accuracy"] -= 0.3
    if elsewhere:
        contents["provenance"]["trained"][0]["processor"] = "another"
    done = reproduce(Export.model_validate(contents).sealed())
    assert done.test == (STATISTICAL if elsewhere else BIT_EQUAL)
    said = "joint standard errors away" if elsewhere else "val_accuracies of seed 1000000 is"
    assert all(said in problem or not elsewhere for problem in done.problems)
    assert said in " ".join(done.problems)


def test_what_the_static_loss_forgets_is_in_the_file_and_is_trained_again(
    studied: Storage,
) -> None:
    frame = regime_map(studied, "small").frame
    exported = export(studied, "small", top=3, confirm=0)
    best = next(entry for entry in exported.configuration if not entry.configuration.static)
    of = best.configuration
    row = frame[(frame.width == of.width) & (frame.amplitude == of.amplitude)]
    row = row[row.period == of.period].iloc[0]
    assert best.found is not None
    for name in net_names():
        taken_off = (best.found.measures or {})[f"static_{name}"]
        assert taken_off == pytest.approx(row[f"static_{name}"])
    number = exported.configuration.index(best)
    path = f"configuration/{number}/found/measures/static_forgetting"
    problems = reproduce(changed(exported, path, 0.9, sealed=True)).problems
    assert any("static_forgetting is 0.9, training gives" in problem for problem in problems)


def test_a_file_of_before_it_said_what_is_taken_off_is_reproduced(made: Export) -> None:
    contents = made.resolved()
    for entry in (*contents["configuration"], *contents["baseline"]):
        for measured in (entry["found"], entry["confirmed"]):
            measured.pop("measures", None)
    done = reproduce(Export.model_validate(contents).sealed())
    assert (done.test, done.problems) == (BIT_EQUAL, [])
