"""Figure 4, from ledgers with chosen onsets."""

import pytest

from dynstudy.errors import DynstudyError
from dynstudy.figures.paper_figure import Choices, draw_figure
from dynstudy.figures.words import Figure
from dynstudy.store.studies import Storage
from tests.analysis.planted_instabilities import NEVER, instabilities_map, onset, plant_onsets


def test_rows_are_those_of_the_picture_and_say_what_they_are(storage: Storage) -> None:
    for name, rate in (("slow", 0.5), ("fast", 2.0)):
        space = {"learning_rate": rate, "amplitude": [3, 30], "period": 10, "width": 5}
        spec = instabilities_map(name=name, space=space)
        plant_onsets(storage, spec, {(rate, 3): [onset(9, 1.0, 1.5, 2.0), NEVER]})
    drawn = draw_figure(storage, Figure.fig4, "slow", Choices())
    (row,) = drawn.rows
    assert (row["learning_rate"], row["amplitude"], row["censored"]) == (0.5, 3, 1)
    assert (row["curvature"], row["curvature_edge"], row["curvature_sem"]) == (1.25, 0.3125, None)
    assert drawn.numbers == drawn.rows
    assert "conditional on an onset" in drawn.notes[0]
    both = draw_figure(storage, Figure.fig4, "slow", Choices(more=("fast",)))
    assert [row["study"] for row in both.rows] == ["slow", "fast"]
    assert both.drawing.legends[0].get_title().get_text().startswith("slow, fast")


def test_a_choice_of_amplitude_is_refused(storage: Storage) -> None:
    with pytest.raises(DynstudyError, match="fig4 takes no --amplitude"):
        draw_figure(storage, Figure.fig4, "small", Choices(amplitude=3))


def test_another_figure_is_of_one_study(storage: Storage) -> None:
    with pytest.raises(DynstudyError, match="fig3 is drawn from one study, not from 2"):
        draw_figure(storage, Figure.fig3, "small", Choices(more=("other",)))
