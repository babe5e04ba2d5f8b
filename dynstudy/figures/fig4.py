"""Figure 4 of the paper: curvature at the first onset of an instability over the learning rate."""

from dynstudy.analysis.first_onsets import first_onsets
from dynstudy.figures.paper_figure import Choices, DrawnFigure, PaperFigure
from dynstudy.pictures.first_onsets import first_onsets_figure
from dynstudy.report.rows import frame_rows
from dynstudy.store.studies import Storage


def draw_onsets(storage: Storage, study: str, choices: Choices) -> DrawnFigure:
    """λ̄ at the first onset, in 2/η and as it is, the finite difference beside it, and counts."""
    onsets = first_onsets(storage, (study, *(choices.more or ())))
    rows = frame_rows(onsets.frame)
    return DrawnFigure(first_onsets_figure(onsets), rows, rows, onsets.notes)


FIGURE = PaperFigure(draw_onsets, takes=frozenset({"more"}))
