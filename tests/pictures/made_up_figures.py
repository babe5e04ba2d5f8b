"""What the pictures of instabilities draw, of made-up numbers, for as many panels as asked."""

from dataclasses import replace

import numpy as np
import pandas as pd

from dynstudy.analysis.association import Association
from dynstudy.analysis.first_onsets import COUNTS, FirstOnsets
from dynstudy.analysis.gain_shape import GainShape
from dynstudy.analysis.measure_map import MeasureMap
from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.analysis.training_curves import CURVATURE, TrainingCurves
from dynstudy.measure.landscape import FirstOscillations, LandscapeSlice
from dynstudy.measure.measures import INSTABILITY, MEASURES
from dynstudy.measure.records import LOSS
from tests.analysis.planted_training import training_map
from tests.report.test_cycle_rows import followed

RATES = (0.1, 1.0)


def measures_of(study_map: RegimeMap) -> MeasureMap:
    """A map with all measures of instability."""
    rng, measures = np.random.default_rng(0), [MEASURES[name] for name in INSTABILITY]
    read = {
        name: rng.random(len(study_map.frame))
        for measure in measures
        for name in (measure.name, MeasureMap.error_column(measure))
    }
    return MeasureMap(replace(study_map, frame=study_map.frame.assign(**read)), measures)


def association_of(measures: MeasureMap) -> Association:
    """Of each panel a curve over each measure, of most cells near 0 of the first."""
    rng, shapes = np.random.default_rng(0), []
    for key, cells in measures.study_map.panels():
        gain, errors = rng.normal(0, 0.1, (2, len(cells)))
        of_panel = []
        for number in range(len(measures.measures)):
            read = np.sort(rng.random(len(cells))) ** (1 if number else 9)
            curve = np.stack([read, gain, gain - 0.1, gain + 0.1])
            one = GainShape(key, read, 0.1 * read, gain, np.abs(errors), 0.01, curve)
            of_panel.append(one)
        shapes.append(of_panel)
    return Association(measures, [], shapes)


def first_oscillations_of(slices: int) -> FirstOscillations:
    """Two oscillations of 1000 steps, with as many slices of the landscape."""
    rng, step = np.random.default_rng(0), np.arange(2100)
    read, along = step % 4 < 2, np.linspace(-0.01, 0.014, 9)
    steps = pd.DataFrame({
        "step": step,
        "loss": np.exp(rng.normal(-3, 1, len(step))),
        "train_accuracy": rng.random(len(step)),
        **{f"gamma_{label}": rng.random(len(step)) for label in range(3)},
        "lambda_1": np.where(read, rng.normal(20, 3, len(step)), np.nan),
        "lambda_2": np.where(read, rng.normal(10, 3, len(step)), np.nan),
    })
    shown = tuple(
        LandscapeSlice(
            k,
            np.array([2.0, 1.0]),
            along,
            along + 0.003,
            rng.random((9, 9)),
            rng.random(9),
            rng.uniform(-0.006, 0.013, (4, 2)),
            rng.random(4),
        )
        for k in np.linspace(50, 1990, slices).astype(int).tolist()
    )
    return FirstOscillations(steps, (300, 1200), 2, 1000, 2, 0.1, shown)


def onset_row(rate: float, counts: list[int], numbers: np.ndarray) -> dict[str, float]:
    """What figure 4 has of a cell at a learning rate, made of six numbers near 1."""
    return {
        "learning_rate": rate,
        "networks": sum(counts),
        **dict(zip(COUNTS, counts, strict=True)),
        "curvature": numbers[0] * 2 / rate,
        "curvature_sem": numbers[1] * 0.2,
        "curvature_edge": numbers[2],
        "curvature_edge_sem": numbers[3] * 0.1,
        "finite_difference_edge": numbers[4],
        "finite_difference_edge_sem": numbers[5] * 0.1,
    }


def first_onsets_of(name: str, panels: int) -> FirstOnsets:
    """As many losses and widths, four schedules each, of two studies of such a name."""
    rng, rows = np.random.default_rng(0), []
    for panel in range(panels):
        for rate in RATES:
            for a, t in [(25, 5000), (25, 10_000), (50, 5000), (np.nan, np.nan)]:
                loss, width = ("dce", "dmse1")[panel % 2], (100, 1000, 10_000, 100_000)[panel // 2]
                cell = {"loss": loss, "width": width, "amplitude": a, "period": t}
                numbers = rng.uniform(0.9, 1.1, 6)
                rows.append(cell | onset_row(rate, [250] * len(COUNTS), numbers))
    return FirstOnsets((name, f"{name}2"[-200:]), pd.DataFrame(rows), ())


def branches_of() -> pd.DataFrame:
    """Steps of every period there is."""
    rng = np.random.default_rng(0)
    cycles = [1] * 70 + [2] * 80 + [4] * 60 + [8] * 50 + [0] * 92
    made = followed(cycles, {30: 0.2, 200: -1.2})
    return made.assign(loss=rng.random(len(made)), train_accuracy=rng.random(len(made)))


def training_curves_of(name: str, widths: list[int]) -> TrainingCurves:
    """Loss and curvature of two learning rates at as many widths."""
    rng, ends = np.random.default_rng(0), np.geomspace(1, 30_000, 12).astype(int)
    rows = [
        {
            "loss": "ce",
            "width": width,
            "learning_rate": rate,
            "networks": 30,
            "diverged": 2,
            "quantity": quantity,
            "from_step": first,
            "to_step": last,
            "mean": rng.uniform(0.5, 2) / rate,
            "sem": 0.1,
            "replicates": 28,
        }
        for width in widths
        for rate in RATES
        for quantity in (LOSS, CURVATURE)
        for first, last in zip([0, *ends.tolist()], ends.tolist(), strict=False)
        if first < last
    ]
    space = {"learning_rate": list(RATES), "width": widths}
    return TrainingCurves(training_map(name=name, space=space), pd.DataFrame(rows))
