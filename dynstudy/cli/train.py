"""``dynstudy train``: one network, and its curve."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dynstudy.cli.options import BackendOption, FolderOption, FormatOption, StorageOption
from dynstudy.cli.session import log, log_files, opened, show_rows, step_display
from dynstudy.report.words import Format

EXAMPLES = ("dynstudy train best.toml --seed 3", "dynstudy train quickstart#12 --out results")


def command(
    target: Annotated[
        str, typer.Argument(metavar="FILE|STUDY#NUMBER", help="An export, or a trial of a study.")
    ],
    rank: Annotated[int, typer.Option(help="Which configuration of the export.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Of the network.", min=0, max=2**32 - 1)] = 0,
    points: Annotated[
        int, typer.Option(help="About how many steps to read it at.", min=1, max=100_000)
    ] = 300,
    out: FolderOption = Path("results"),
    backend: BackendOption = "auto",
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Train one network and show its curve: accuracy and loss of each class over the steps."""
    from dynstudy.launch.follow import train_curve
    from dynstudy.pictures.class_curves import curve_figure
    from dynstudy.pictures.style import save
    from dynstudy.report.curve_text import curve_rows
    from dynstudy.report.rows import frame_rows
    from dynstudy.report.safe_files import check_folder, file_stem, write_drawn

    name, configuration, protocol = _target(target, rank, storage)
    steps = protocol.at(configuration.learning_rate).training_steps
    stem = f"{file_stem(name)}-seed{seed}"
    check_folder(out / stem)
    with step_display(name, 1, steps) as on_step:
        curve = train_curve(
            configuration, protocol, seed=seed, points=points, backend=backend, progress=on_step
        )
    title = f"{name}, {protocol.start_said(seed)}\n{configuration}"
    figure = curve_figure(curve, title, configuration.period, protocol.data.titles)
    written = write_drawn(out / stem, lambda path: save(figure, path), curve)
    show_rows(curve_rows(curve) if form is Format.table else frame_rows(curve), form)
    last = int(curve.step.max())
    if last < steps:
        log(f"diverged between steps {last} and {steps}; the curve ends there")
    log_files(written)


def _target(target: str, rank: int, storage: str | None) -> tuple[str, Any, Any]:
    """The name, configuration and protocol that are asked for."""
    from dynstudy.errors import DynstudyError
    from dynstudy.export.export_file import load_export
    from dynstudy.search.one_cell import named_trial, trial_configuration

    trial = named_trial(target)
    if trial is not None and not Path(target).is_file():
        name, number = trial
        with opened(storage) as database:
            study = database.study(name)
            configuration = trial_configuration(study, number)
            return f"{name}-{number}", configuration, database.spec(study).protocol
    if not Path(target).suffix and not Path(target).exists():
        raise DynstudyError(
            f"{target}: neither an export (FILE.toml) nor a trial of a study (STUDY#NUMBER, as "
            "dynstudy show and the dashboard number them)"
        )
    export = load_export(Path(target))
    if rank > len(export.configuration):
        raise DynstudyError(f"--rank {rank}: {target} has {len(export.configuration)}")
    entry = export.configuration[rank - 1]
    protocol = export.protocol.beside(Path(target).parent)
    return f"{Path(target).stem}-{rank}", entry.configuration, protocol
