"""A study whose networks take as many steps as their learning rate asks for, by every command."""

import pandas as pd
import pytest

import dynstudy
from dynstudy.export.export_file import Export
from dynstudy.export.exporting import export
from dynstudy.export.reproducing import reproduce
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.planted import SMALL

PROTOCOL = {"steps": {"per_learning_rate": 100}, "tail": 20}
SPACE = {"learning_rate": [0.5, 1.0], "amplitude": [3, 10], "period": 20, "width": 5}
STUDY = SMALL | {"protocol": PROTOCOL, "space": SPACE}


def small(**changes: object) -> StudySpec:
    return StudySpec.of(STUDY | changes)


@pytest.fixture
def trained(storage: Storage) -> Storage:
    dynstudy.run(small(), storage=storage, backend="cpu")
    return storage


def test_at_each_rate_it_is_the_study_of_that_number_of_steps(trained: Storage) -> None:
    frame = dynstudy.open(trained)["small"].map()
    for rate, steps in ((0.5, 200), (1.0, 100)):
        plain = small(
            name=f"plain{steps}",
            protocol=PROTOCOL | {"steps": steps},
            space=SPACE | {"learning_rate": rate},
        )
        assert dynstudy.run(plain, storage=trained, backend="cpu").trained == 0
        of_rate = frame[frame.learning_rate == rate]
        other = dynstudy.open(trained)[plain.name].map()
        pd.testing.assert_frame_equal(
            of_rate.reset_index(drop=True), other.reset_index(drop=True), check_exact=True
        )


def test_its_best_are_exported_and_reproduced(trained: Storage) -> None:
    made = export(trained, "small", top=3, confirm=2, backend="cpu")
    again = Export.model_validate(made.model_dump(mode="json"))
    assert reproduce(again, backend="cpu").problems == []


def test_its_cells_are_chosen_along_a_boundary(storage: Storage) -> None:
    spec = small(
        kind="boundary", replicates=6, baseline_replicates=24, boundary={"cells": 3, "batch": 2}
    )
    assert dynstudy.run(spec, storage=storage, backend="cpu").trained == 2 * 24 + 2 * 2 * 6
