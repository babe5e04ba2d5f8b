"""``dynstudy figure``."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption, complete_study, numbers
from dynstudy.cli.session import log_files, opened, show_rows
from dynstudy.figures.words import Figure
from dynstudy.report.words import Format

EXAMPLES = (
    "dynstudy figure fig1 fig1 --out fig1.pdf",
    "dynstudy figure fig2 fig2.toml",
    "dynstudy figure fig2 quickstart#20 --seed 3 --oscillations 4 --at 100,300",
    "dynstudy figure fig3 fig3a --out fig3a.pdf",
    "dynstudy figure fig3 regime-dce --amplitude 70 --period 1000",
    "dynstudy figure fig4 fig4-dce fig4-mse --format csv",
)


def command(
    name: Annotated[
        Figure,
        typer.Argument(help="Which figure of the paper; below it says what each shows."),
    ],
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY|STUDY#NUMBER|FILE",
            help="Name of the study; fig4 takes several, and fig2 a trial of one, or a study file "
            "of one dynamical cell.",
            autocompletion=complete_study,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE|FOLDER", help="A .png, .pdf or .csv file, or a folder for PNG and CSV."
        ),
    ] = Path("results"),
    seed: Annotated[
        int | None,
        typer.Option(help="Of fig2's network. [default: 0]", min=0, max=2**32 - 1),
    ] = None,
    oscillations: Annotated[
        int | None, typer.Option(help="Of fig2, how many, from the first. [default: 2]", min=1)
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="STEP,...",
            help="Of fig2, where the landscape is sliced. [default: before the first onset of an "
            "instability, there, after it, and at the last switch of class]",
        ),
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="What trains fig2's network. [default: auto]")
    ] = None,
    amplitude: Annotated[
        float | None, typer.Option(help="Of fig3, which, where the study has several.")
    ] = None,
    period: Annotated[
        int | None, typer.Option(help="Of fig3, which, where the study has several.")
    ] = None,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Draw a figure of the paper from a study, and print the numbers in it.

    fig1: loss and largest curvature λ̄ over training beside 2/η, a column per width, of the static
    losses of a study that reads both ([protocol.curvature] with loss = true); printed is λ̄η/2 over
    two windows of steps. Means over networks with standard errors, those that diverged left out.

    fig2: one network over its first oscillations, trained again and read at every step: weights of
    the classes, loss, training accuracy and the two largest eigenvalues of the Hessian; below, the
    loss about it along their eigenvectors, with its next 20 positions. Nothing is recorded.

    fig3: validation accuracy over width, a curve per loss at one amplitude and period beside the
    static loss, with standard errors of the means.

    fig4: curvature at the first onset of an instability over the learning rate, beside 2/η and with
    the finite difference, for studies that watch for onsets; how many networks had one, never had
    one within their steps (censored), were born unstable or diverged. Means are over the networks
    that had an onset.
    """
    from dynstudy.figures.paper_figure import (
        Choices,
        draw_figure,
        figure_files,
        of_file,
        write_figure,
    )

    study, *more = dict.fromkeys(studies)
    paths = figure_files(name, study, out)
    slices = None if at is None else numbers("--at", at, int, "4000,4189,10000")
    others = tuple(more) or None
    choices = Choices(amplitude, period, others, seed, oscillations, slices, backend)
    with nullcontext() if of_file(name, study) else opened(storage) as database:
        drawn = draw_figure(database, name, study, choices)
    write_figure(drawn, paths, study)
    show_rows(drawn.rows, form)
    log_files(paths, drawn.notes)
