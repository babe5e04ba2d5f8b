"""``dynstudy trace``: the networks of one cell over their last oscillations."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dynstudy.cli.options import (
    BackendOption,
    FolderOption,
    FormatOption,
    StorageOption,
    complete_study,
)
from dynstudy.cli.session import log, log_files, opened, show_rows, step_display
from dynstudy.report.words import Format

EXAMPLES = (
    "dynstudy trace quickstart --cell amplitude=300,period=100",
    "dynstudy trace quickstart#12 --oscillations 9 --replicates 3",
    "dynstudy trace fig3a --cell width=100,loss=dce --bifurcation --steps 8500:10500 --floquet",
)
MOST_NETWORKS = 10  # traced, if nothing else is asked for
POINTS = 40  # of an oscillation, likewise


def command(
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
        int | None,
        typer.Option(
            help=f"At how many steps to read each, and the tail. [default: {POINTS}]",
            min=1,
            max=10_000,
        ),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(help="How many of the cell's networks. [default: all, up to 10]", min=1),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Only the network of this seed.", min=0, max=2**32 - 1)
    ] = None,
    bifurcation: Annotated[
        bool,
        typer.Option(
            "--bifurcation",
            help="Follow one network, of --seed or of seed 0, at every step instead, and tell "
            "period 1, 2, 4 and 8 apart.",
        ),
    ] = False,
    steps: Annotated[
        str | None,
        typer.Option(
            metavar="FROM:TO",
            help="Which, with --bifurcation. [default: from a little before the first instability "
            "to the end of that oscillation]",
        ),
    ] = None,
    floquet: Annotated[
        bool,
        typer.Option(
            "--floquet",
            help="With --bifurcation, find the multiplier of the 2-cycle, too, at about a hundred "
            "of these steps.",
        ),
    ] = False,
    out: FolderOption = Path("results"),
    backend: BackendOption = "auto",
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Trace a cell over its last oscillations: accuracy, loss and weight of each class.

    Its networks are trained again and read closely; nothing is recorded. Prints the kinds of
    forgetting of these networks, of the static loss and their difference, with standard errors.

    With --bifurcation: the branches of one network beyond the edge of stability, which are its
    training accuracy and its loss at every step in four colours in turn (the paper's bifurcation
    diagram), and the intervals in which the loss has one period. Period 2 doubles where the
    multiplier of its cycle (--floquet) passes -1.
    """
    if bifurcation:
        _refuse_with(
            "--bifurcation, which follows one network at every step",
            {"--oscillations": oscillations, "--points": points, "--replicates": replicates},
        )
        _branches(target, cell, seed or 0, steps, floquet, out, backend, storage, form)
        return
    _refuse_with("a trace without --bifurcation", {"--steps": steps, "--floquet": floquet or None})
    from dynstudy.analysis.traces import forgetting_rows
    from dynstudy.launch.follow import trace_cell
    from dynstudy.pictures.class_curves import trace_figure
    from dynstudy.pictures.style import save
    from dynstudy.report.safe_files import check_folder, file_stem, write_drawn
    from dynstudy.statistics.baseline import Baseline
    from dynstudy.store.ledgers import ledger_of

    with opened(storage) as database:
        name, configuration, spec = _cell(database, target, cell)
        seeds = _seeds(spec.most_replicates, replicates, seed)
        baseline = Baseline(
            ledger_of(database.engine, spec),
            configuration.baseline(),
            spec.baseline_seeds,
        )
        stem = f"{file_stem(name)}-trace" + (f"-seed{seed}" if seed is not None else "")
        check_folder(out / stem)
        with step_display(
            name, len(seeds), spec.protocol.at(configuration.learning_rate).training_steps
        ) as on_step:
            traced = trace_cell(
                configuration,
                spec.protocol,
                seeds,
                oscillations=oscillations,
                points=points or POINTS,
                backend=backend,
                progress=on_step,
            )
        rows = forgetting_rows(traced.kinds, baseline, traced.period)
    several = f"{len(seeds)} networks, mean ± standard error"
    shown = several if len(seeds) > 1 else spec.protocol.start_said(seeds[0])
    title = f"{spec.name}: {shown}\n{configuration}"
    names = spec.protocol.data.titles
    figure = trace_figure(traced.frame, traced.period, traced.tail_start, title, names)
    written = write_drawn(out / stem, lambda path: save(figure, path), traced.frame)
    show_rows(rows, form)
    if traced.diverged:
        log(f"{traced.diverged} of {len(seeds)} networks diverged; they end there")
    if rows[0]["static"] is None:
        log("the static loss was not read at these steps: there is nothing to take off")
    log_files(written)


def _branches(
    target: str,
    cell: str | None,
    seed: int,
    steps: str | None,
    floquet: bool,
    out: Path,
    backend: str,
    storage: str | None,
    form: Format,
) -> None:
    """Follow one network at every step of a window: its branches, and their periods."""
    from dynstudy.launch.every_step import every_step, first_instability
    from dynstudy.pictures.branches import branches_figure
    from dynstudy.pictures.style import save
    from dynstudy.report.cycle_rows import cycle_rows
    from dynstudy.report.safe_files import check_folder, file_stem, write_drawn

    with opened(storage) as database:
        name, configuration, spec = _cell(database, target, cell)
    stem = f"{file_stem(name)}-bifurcation-seed{seed}"
    check_folder(out / stem)
    protocol = spec.protocol
    how: dict[str, Any] = {"seed": seed, "backend": backend}
    window = first_instability(configuration, protocol, **how) if steps is None else _window(steps)
    with step_display(name, 1, window[1]) as on_step:
        frame = every_step(
            configuration, protocol, window, floquet=floquet, progress=on_step, **how
        )
    title = f"{spec.name}, {protocol.start_said(seed)}\n{configuration}"
    figure = branches_figure(frame, configuration.period, title)
    written = write_drawn(out / stem, lambda path: save(figure, path), frame)
    show_rows(cycle_rows(frame), form)
    if len(frame) < window[1] - window[0]:
        log(f"diverged after step {frame.step.iloc[-1]}; the branches end there")
    log_files(written)


def _window(text: str) -> tuple[int, int]:
    from dynstudy.errors import DynstudyError

    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal()):
        raise DynstudyError(f"--steps {text!r}: must be FROM:TO in whole numbers, as in 8500:10500")
    return int(first), int(last)


def _refuse_with(what: str, options: dict[str, Any]) -> None:
    from dynstudy.errors import DynstudyError

    for option, value in options.items():
        if value is not None:
            raise DynstudyError(f"{option} has no meaning in {what}; leave it out")


def _cell(database: Any, target: str, text: str | None) -> tuple[str, Any, Any]:
    """A name for files, the configuration that is asked for, and its study file."""
    from dynstudy.errors import DynstudyError
    from dynstudy.search.one_cell import choose_cell, named_trial, trial_configuration

    trial = named_trial(target)
    if trial is not None and target not in database.names():
        if text is not None:
            raise DynstudyError(f"--cell: {target} names a cell already; leave one of them out")
        name, number = trial
        study = database.study(name)
        return f"{name}-{number}", trial_configuration(study, number), database.spec(study)
    study = database.study(target)
    spec = database.spec(study)
    cells = spec.cells(study)
    if not cells:
        raise DynstudyError(f"study {target!r} has no trained cell yet; run it first")
    chosen = choose_cell(cells, text or "").configuration
    values = f"{chosen.loss}-width{chosen.width}-rate{chosen.learning_rate:g}"
    if not chosen.static:
        values += f"-A{chosen.amplitude:g}-T{chosen.period}"
    return f"{target}-{values}", chosen, spec


def _seeds(most: int, wanted: int | None, seed: int | None) -> list[int]:
    from dynstudy.errors import DynstudyError

    if seed is not None:
        if wanted is not None:
            raise DynstudyError("--seed and --replicates exclude each other")
        return [seed]
    if wanted is not None and wanted > most:
        raise DynstudyError(f"--replicates {wanted}: the cell has at most {most}")
    return list(range(wanted or min(most, MOST_NETWORKS)))
