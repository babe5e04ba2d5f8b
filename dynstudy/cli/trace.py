"""``dynstudy trace``: the networks of one cell over their last oscillations."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dynstudy.cli.common import (
    BackendOption,
    FormatOption,
    StorageOption,
    complete_study,
    log,
    opened,
    progress_display,
    row_format,
)

MOST_NETWORKS = 10  # traced, if nothing else is asked for


def trace(
    target: Annotated[
        str,
        typer.Argument(
            metavar="STUDY|STUDY#NUMBER",
            help="A study, whose cell --cell names, or a trial of one.",
            autocompletion=complete_study,
        ),
    ],
    cell: Annotated[
        str | None,
        typer.Option(
            metavar="KEY=VALUE,...",
            help="Which cell: loss, width, learning_rate, amplitude, period, as far as the study "
            "has several.",
        ),
    ] = None,
    oscillations: Annotated[
        int | None,
        typer.Option(help="How many before the tail. [default: two of each class]", min=1),
    ] = None,
    points: Annotated[
        int, typer.Option(help="At how many steps to read each, and the tail.", min=1, max=10_000)
    ] = 40,
    replicates: Annotated[
        int | None,
        typer.Option(help="How many of the cell's networks. [default: all, up to 10]", min=1),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Only the network of this seed.", min=0, max=2**32 - 1)
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the PNG and the CSV.")] = Path("results"),
    backend: BackendOption = "auto",
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Trace a cell over its last oscillations: accuracy, loss and weight of each class.

    Its networks are trained again and read closely; nothing is recorded. Prints the kinds of
    forgetting of these networks, of the static loss and their difference, with standard errors.
    """
    from dynstudy.analysis.kinds_of_forgetting import forgetting_rows
    from dynstudy.launch.follow import trace_cell
    from dynstudy.launch.progress import Progress
    from dynstudy.pictures.class_curves import trace_figure
    from dynstudy.pictures.style import save
    from dynstudy.report.rows import print_rows
    from dynstudy.report.safe_files import check_folder, file_stem, write_whole
    from dynstudy.statistics.baseline import Baseline
    from dynstudy.store.ledger import Ledger

    shape = row_format(form)
    with opened(storage) as found:
        name, own, spec = _cell(found, target, cell)
        seeds = _seeds(spec.most_replicates, replicates, seed)
        baseline = Baseline(
            Ledger(found.engine, spec.protocol), own.baseline(), range(spec.baseline_replicates)
        )
        stem = f"{file_stem(name)}-trace" + (f"-seed{seed}" if seed is not None else "")
        check_folder(out / stem)
        progress = Progress(networks=len(seeds), work=float(spec.protocol.steps))
        with progress_display(name) as display:

            def on_step(step: int) -> None:
                progress.work_done = float(step)
                progress.steps_done = float(step) * len(seeds)
                display.update(progress)

            traced = trace_cell(
                own,
                spec.protocol,
                seeds,
                oscillations=oscillations,
                points=points,
                backend=backend,
                progress=on_step,
            )
        rows = forgetting_rows(traced.kinds, baseline, traced.period)
    told = f"seed {seed}" if seed is not None else f"{len(seeds)} networks, mean ± standard error"
    title = f"{spec.name}: {told}\n{own}"
    frame = traced.frame
    figure = trace_figure(frame, traced.period, traced.tail_start, title)
    written = [
        write_whole(out / f"{stem}.png", lambda path: save(figure, path)),
        write_whole(
            out / f"{stem}.csv", lambda path: frame.to_csv(path, index=False, lineterminator="\n")
        ),
    ]
    print_rows(rows, shape, sys.stdout)
    sys.stdout.flush()
    if traced.diverged:
        log(f"{traced.diverged} of {len(seeds)} networks diverged; they end there")
    if rows[0]["static"] is None:
        log("the static loss was not read at these steps: there is nothing to take off")
    for path in written:
        log(f"wrote {path}")


def _cell(found: Any, target: str, text: str | None) -> tuple[str, Any, Any]:
    """A name for files, the configuration that is asked for, and its study file."""
    from dynstudy.errors import DynstudyError
    from dynstudy.search.one_cell import choose_cell, trial_configuration

    name, hash_, number = target.rpartition("#")
    if hash_ and number.isdecimal() and target not in found.names():
        if text is not None:
            raise DynstudyError(f"--cell: {target} names a cell already; leave one of them out")
        study = found.study(name)
        return f"{name}-{number}", trial_configuration(study, int(number)), found.spec(study)
    study = found.study(target)
    spec = found.spec(study)
    there = spec.cells(study)
    if not there:
        raise DynstudyError(f"study {target!r} has no trained cell yet; run it first")
    own = choose_cell(there, text or "").configuration
    values = f"{own.loss}-width{own.width}-rate{own.learning_rate:g}"
    if not own.static:
        values += f"-A{own.amplitude:g}-T{own.period}"
    return f"{target}-{values}", own, spec


def _seeds(there: int, wanted: int | None, seed: int | None) -> list[int]:
    from dynstudy.errors import DynstudyError

    if seed is not None:
        if wanted is not None:
            raise DynstudyError("--seed and --replicates exclude each other")
        return [seed]
    if wanted is not None and wanted > there:
        raise DynstudyError(f"--replicates {wanted}: the cell has at most {there}")
    return list(range(wanted or min(there, MOST_NETWORKS)))
