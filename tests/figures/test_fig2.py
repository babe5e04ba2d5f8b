"""Figure 2: of a trial, or of a study file whose one cell it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

import dynstudy
from dynstudy.errors import DynstudyError
from dynstudy.figures.fig2 import draw_landscape
from dynstudy.figures.paper_figure import Choices
from dynstudy.store.studies import Storage
from tests.drawn_network import draw
from tests.planted import SMALL, SpecMaker

CHOICES = Choices(at=(3, 31), backend="cpu")


def written(folder: Path, **changes: Any) -> str:
    """A study file of one dynamical cell that starts from a file: the draw of seed 3."""
    arrays = dict(zip(("W1", "b1", "W2", "b2"), draw(3, 5, 3), strict=True))
    np.savez(folder / "start.npz", **arrays)
    values = SMALL | {"name": "alone", "replicates": 1}
    values["protocol"] = SMALL["protocol"] | {"initial": "start.npz"}
    values["space"] = SMALL["space"] | {"amplitude": 30, "period": 30}
    path = folder / "alone.toml"
    path.write_text(tomli_w.dumps(values | changes), encoding="utf-8")
    return str(path)


def test_a_file_s_network_is_the_trial_s_whose_draw_it_is(
    storage: Storage, make_spec: SpecMaker, tmp_path: Path
) -> None:
    dynstudy.run(make_spec(replicates=1), storage=storage)
    of_file = draw_landscape(None, written(tmp_path), CHOICES)
    study = storage.study("small")
    (number,) = (
        trial.number
        for trial in study.get_trials()
        if (trial.params["amplitude"], trial.params["period"]) == (30, 30)
    )
    seeded = Choices(at=(3, 31), backend="cpu", seed=3)
    of_trial = draw_landscape(storage, f"small#{number}", seeded)
    assert of_file.numbers.equals(of_trial.numbers)
    other = draw_landscape(storage, f"small#{number}", CHOICES)
    assert not other.numbers.equals(of_trial.numbers)
    cell = "dce, width 5, learning rate 1, A = 30, T = 30"
    titles = [drawn.drawing.get_suptitle() for drawn in (of_file, of_trial)]
    assert titles == [f"alone, from start.npz\n{cell}", f"small#{number}, seed 3\n{cell}"]


def test_rows_say_what_is_at_each_slice_and_onset(tmp_path: Path) -> None:
    drawn = draw_landscape(None, written(tmp_path), CHOICES)
    assert [(row["at"], row["step"]) for row in drawn.rows] == [("slice a", 3), ("slice b", 31)]
    numbers = drawn.numbers
    for row in drawn.rows:
        (there,) = numbers[(numbers.part == "step") & (numbers.step == row["step"])].itertuples()
        assert row["loss"] == pytest.approx(there.loss, rel=1e-5)
        assert row["train_accuracy"] == pytest.approx(there.train_accuracy, rel=1e-5)
        assert row["lambda_1"] == pytest.approx(there.lambda_1, rel=1e-2)
    read, nothing = drawn.notes
    assert read.startswith("eigenvalues were read at 62 of 63 steps, in pairs")
    assert nothing == "no instability sets in over these oscillations"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"loss": ["dce", "dmse2"]},
            "fig2 is of one network, and this study has 2 dynamical cells",
        ),
        ({"loss": "ce"}, "fig2 is of one network, and this study has 0 dynamical cells"),
    ],
)
def test_a_file_of_none_or_several_is_refused(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(DynstudyError, match=said):
        draw_landscape(None, written(tmp_path, **changes), CHOICES)


@pytest.mark.parametrize("target", ["small", "small#", "small#x"])
def test_a_study_is_no_network(target: str, storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    with pytest.raises(DynstudyError, match=r"one network: a trial of a study, STUDY#NUMBER, as"):
        draw_landscape(storage, target, CHOICES)


def test_a_seed_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DynstudyError, match=r"seed 3: .* are one network, of seed 0"):
        draw_landscape(None, written(tmp_path), Choices(at=(3, 31), backend="cpu", seed=3))
