"""Figure 1 of the paper: loss and curvature along training, beside the edge of stability."""

from dynstudy.analysis.training_curves import training_curves
from dynstudy.figures.paper_figure import Choices, DrawnFigure, PaperFigure
from dynstudy.pictures.training_curves import training_figure
from dynstudy.report.rows import frame_rows
from dynstudy.store.studies import Storage


def draw_training(storage: Storage, study: str, _choices: Choices) -> DrawnFigure:
    """Loss and λ̄ of static losses along training; printed is λ̄η/2 in two windows of steps."""
    curves = training_curves(storage, study)
    return DrawnFigure(training_figure(curves), curves.cells(), frame_rows(curves.frame))


FIGURE = PaperFigure(draw_training)
