"""``dynstudy train``: one network, and its curve."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dynstudy.cli.common import (
    BackendOption,
    FormatOption,
    StorageOption,
    log,
    opened,
    progress_display,
    row_format,
)


def train(
    target: Annotated[
        str, typer.Argument(metavar="FILE|STUDY#NUMBER", help="An export, or a trial of a study.")
    ],
    rank: Annotated[int, typer.Option(help="Which configuration of the export.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Of the network.", min=0, max=2**32 - 1)] = 0,
    points: Annotated[
        int, typer.Option(help="About how many steps to read it at.", min=1, max=100_000)
    ] = 300,
    out: Annotated[Path, typer.Option(help="Folder for the PNG and the CSV.")] = Path("results"),
    backend: BackendOption = "auto",
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Train one network and show its curve: accuracy and loss of each class over the steps."""
    from dynstudy.launch.follow import train_curve
    from dynstudy.launch.progress import Progress
    from dynstudy.pictures.class_curves import curve_figure
    from dynstudy.pictures.style import save
    from dynstudy.report.curve_text import curve_rows
    from dynstudy.report.rows import Format, frame_rows, print_rows
    from dynstudy.report.safe_files import check_folder, file_stem, write_whole

    shape = row_format(form)
    name, configuration, protocol = _target(target, rank, storage)
    stem = f"{file_stem(name)}-seed{seed}"
    check_folder(out / stem)
    progress = Progress(networks=1, work=float(protocol.steps))
    with progress_display(name) as display:

        def on_step(step: int) -> None:
            progress.work_done = progress.steps_done = float(step)
            display.update(progress)

        curve = train_curve(
            configuration, protocol, seed=seed, points=points, backend=backend, progress=on_step
        )
    title = f"{name}, seed {seed}\n{configuration}"
    written = [
        write_whole(out / f"{stem}.png", lambda path: save(curve_figure(curve, title), path)),
        write_whole(
            out / f"{stem}.csv", lambda path: curve.to_csv(path, index=False, lineterminator="\n")
        ),
    ]
    print_rows(curve_rows(curve) if shape is Format.table else frame_rows(curve), shape, sys.stdout)
    sys.stdout.flush()
    last = int(curve.step.max())
    if last < protocol.steps:
        log(f"diverged between steps {last} and {protocol.steps}; the curve ends there")
    for path in written:
        log(f"wrote {path}")


def _target(target: str, rank: int, storage: str | None) -> tuple[str, Any, Any]:
    """The name, configuration and protocol that are asked for."""
    from dynstudy.errors import DynstudyError
    from dynstudy.export.export_file import load_export
    from dynstudy.search.one_cell import trial_configuration

    name, hash_, number = target.rpartition("#")
    if hash_ and number.isdecimal() and not Path(target).is_file():
        with opened(storage) as found:
            study = found.study(name)
            configuration = trial_configuration(study, int(number))
            return f"{name}-{number}", configuration, found.spec(study).protocol
    loaded = load_export(Path(target))
    if rank > len(loaded.configuration):
        raise DynstudyError(f"--rank {rank}: {target} has {len(loaded.configuration)}")
    entry = loaded.configuration[rank - 1]
    return f"{Path(target).stem}-{rank}", entry.configuration, loaded.protocol
