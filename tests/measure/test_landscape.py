"""One table of all that figure 2 shows."""

import numpy as np
import pandas as pd

from dynstudy.measure.landscape import FirstOscillations, LandscapeSlice


def made_up(onsets: tuple[int, ...] = (8,)) -> FirstOscillations:
    """Two oscillations of 10 steps, read at 22, eigenvalues at every other pair."""
    step = np.arange(22)
    read = step % 4 < 2
    slices = [
        LandscapeSlice(
            k,
            np.array([2.0, 1.0]),
            np.array([-1.0, 0.0, 1.0]),
            np.array([-2.0, 2.0]),
            k + np.arange(6.0).reshape(2, 3),
            k + np.arange(3.0),
            np.array([[0.0, 0.0], [0.5, -0.25], [0.25, 1 / 3]]),
            k + np.array([2.0, 3.0, 4.0]),
        )
        for k in (4, 20)
    ]
    frame = pd.DataFrame({
        "step": step,
        "loss": 1 + step % 2 / 3,
        "train_accuracy": 0.5 + 0.01 * step,
        "gamma_0": 1 + step / 30,
        "gamma_1": 1 - step / 30,
        "lambda_1": np.where(read, 2 + step % 2, np.nan),
        "lambda_2": np.where(read, 1.0, np.nan),
    })
    return FirstOscillations(frame, onsets, len(onsets), 10, 2, 0.5, tuple(slices))


def test_a_row_is_a_step_a_position_or_a_point_of_a_slice() -> None:
    shown = made_up()
    assert (shown.last_switch, shown.eigenvalues_read) == (20, 12)
    table = shown.table()
    assert list(table)[:7] == ["part", "step", "j", "a", "b", "loss", "train_accuracy"]
    rows = {"step": 22, "slice": 12, "path": 6, "cut": 6, "onset": 1}
    assert table.part.value_counts().to_dict() == rows
    assert table[table.part == "onset"].step.tolist() == [8]
    assert table[(table.part == "cut") & (table.a == 1)].loss.tolist() == [6, 22]
    steps = table[table.part == "step"][list(shown.steps)].reset_index(drop=True)
    np.testing.assert_allclose(steps.astype(float), shown.steps.astype(float), rtol=1e-5)
    assert table[table.part == "path"].j.tolist() == [0, 1, 2, 0, 1, 2]
    assert table[(table.part == "path") & (table.j == 2)].b.tolist() == [0.333333] * 2
    corner = table[(table.part == "slice") & (table.a == 1) & (table.b == 2)]
    assert corner[["step", "loss"]].to_numpy().tolist() == [[4, 9], [20, 25]]
