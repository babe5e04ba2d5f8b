"""Commands that take results away, and check what was taken: ``export``, ``reproduce``."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dynstudy.cli.common import (
    BackendOption,
    FormatOption,
    StorageOption,
    StudyArgument,
    log,
    opened,
    progress_display,
    row_format,
)

FILE_FORMATS = ("toml", "json", "yaml", "csv", "parquet", "netcdf")
SUFFIXES = {".yml": "yaml", ".nc": "netcdf"}


def export(
    study: StudyArgument,
    top: Annotated[
        int | None, typer.Option(help="How many configurations. [default: 1]", min=1)
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="val_accuracy|gain", help="What the best is best by.")
    ] = "val_accuracy",
    per: Annotated[
        str | None,
        typer.Option(
            metavar="width|loss|pareto",
            help="The best of each width or loss; or the Pareto front of accuracy and width.",
        ),
    ] = None,
    confirm: Annotated[
        int | None,
        typer.Option(
            help="Train the chosen ones on so many fresh seeds, and read them on a fresh "
            "validation spiral; 0 for none. [default: the study's replicates]",
            min=0,
            max=100_000,
        ),
    ] = None,
    weights: Annotated[
        bool,
        typer.Option("--weights", help="Write the best network's parameters beside --out."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="File to write; stdout if absent.", show_default=False)
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="|".join(FILE_FORMATS),
            help="toml, json, yaml: the best configurations. csv, parquet, netcdf: the whole "
            "study, one row per network. [default: by the suffix of --out, else toml]",
        ),
    ] = None,
    backend: BackendOption = "auto",
    storage: StorageOption = None,
) -> None:
    """Export the best configurations, confirmed on fresh seeds, or a whole study.

    Picking the best of many flatters it, so what is chosen is trained again, with its static
    baseline, on seeds and a validation spiral that nothing was chosen on. The file has both
    numbers; `dynstudy reproduce FILE` checks it anywhere.
    """
    shape = _file_format(form, out)
    if shape in {"csv", "parquet", "netcdf"}:
        if top is not None or per is not None or confirm is not None or weights:
            raise typer.BadParameter(
                f"--format {shape} is of the whole study; --top, --per, --confirm and --weights "
                "belong to toml, json and yaml"
            )
        _export_whole(study, shape, out, storage)
        return
    if by not in {"val_accuracy", "gain"}:
        raise typer.BadParameter(f"--by {by!r} is not one of val_accuracy, gain")
    if per not in {None, "width", "loss", "pareto"}:
        raise typer.BadParameter(f"--per {per!r} is not one of width, loss, pareto")
    if weights and out is None:
        raise typer.BadParameter("--weights needs --out, beside which they are written")

    from dynstudy.export import exporting
    from dynstudy.export.export_file import ExportFormat, to_text
    from dynstudy.report.safe_files import check_folder, write_whole

    if out is not None:
        check_folder(out)
    with opened(storage) as found, progress_display(study) as display:
        made = exporting.export(
            found,
            study,
            top=top or 1,
            by=by,  # type: ignore[arg-type]
            per=per,  # type: ignore[arg-type]
            confirm=confirm,
            backend=backend,
            report=display.update,
            log=display.log,
        )
    if weights and out is not None:
        from dynstudy.export.weights import add_weights

        path = out.with_suffix(".safetensors")
        made = add_weights(made, path, backend)
        log(f"wrote {path}")
    text = to_text(made, ExportFormat(shape))
    if out is None:
        typer.echo(text, nl=False)
        return
    write_whole(out, lambda path: path.write_text(text, encoding="utf-8"))
    for number, entry in enumerate(made.configuration, start=1):
        log(f"{number}. {entry.configuration}: {_both(entry)}")
    log(f"wrote {out}; check it anywhere with: dynstudy reproduce {out}")


def _both(entry: Any) -> str:
    from math import nan

    from dynstudy.analysis.regime_map import with_error

    found, fresh = entry.found, entry.confirmed
    told = with_error(found.val_accuracy, nan if found.sem is None else found.sem) + " as found"
    if fresh is not None:
        own = with_error(fresh.val_accuracy, nan if fresh.sem is None else fresh.sem)
        told += f", {own} on fresh seeds (n = {fresh.replicates})"
    return told


def _export_whole(study: str, shape: str, out: Path | None, storage: str | None) -> None:
    from dynstudy.export.replicate_table import TidyFormat, replicates, write_replicates
    from dynstudy.report.safe_files import write_whole

    if out is None and shape != "csv":
        raise typer.BadParameter(f"--format {shape} needs --out")
    with opened(storage) as found:
        frame = replicates(found, study)
    form = TidyFormat(shape)
    if out is None:
        typer.echo(frame.to_csv(index=False, lineterminator="\n"), nl=False)
        return
    write_whole(out, lambda path: write_replicates(frame, form, path, study))
    log(f"wrote {out}: {len(frame)} networks")


def _file_format(form: str | None, out: Path | None) -> str:
    if form is None:
        suffix = out.suffix if out is not None else ".toml"
        form = SUFFIXES.get(suffix, suffix.removeprefix("."))
        if form not in FILE_FORMATS:
            raise typer.BadParameter(
                f"--out {out}: its suffix tells no format; end it in one of .toml .json .yaml .csv "
                ".parquet .nc, or give --format"
            )
    if form not in FILE_FORMATS:
        raise typer.BadParameter(f"--format {form!r} is not one of {', '.join(FILE_FORMATS)}")
    return form


def reproduce(
    file: Annotated[Path, typer.Argument(help="An export: .toml, .json or .yaml.")],
    backend: Annotated[
        str | None,
        typer.Option(help="What trains. [default: that which trained it before]"),
    ] = None,
    form: FormatOption = "table",
) -> None:
    """Train an export again; it passes or fails.

    Bit for bit where backend, device, processor and versions are those that trained it; else the
    means must agree within three joint standard errors. Exit status 1 if it fails.
    """
    from dynstudy.export import reproducing
    from dynstudy.export.export_file import load_export
    from dynstudy.export.weights import check_weights
    from dynstudy.report.rows import Format, print_rows

    shape = row_format(form)
    loaded = load_export(file)
    with progress_display(file.name) as display:
        done = reproducing.reproduce(
            loaded, backend=backend, report=display.update, log=display.log
        )
    problems = [
        *done.problems,
        *(
            problem
            for entry in loaded.configuration
            for problem in check_weights(entry, loaded.protocol, file.parent)
        ),
    ]
    if done.rows:
        print_rows(done.rows, shape, sys.stdout)
    verdict = "failed" if problems else "passed"
    tested = f"tested: {done.test}" if done.test else "nothing was trained"
    if shape is Format.table:
        typer.echo(f"{verdict} ({tested})")
    else:
        log(f"{verdict} ({tested})")
    for problem in problems:
        log(f"failed: {problem}")
    if problems:
        raise typer.Exit(1)
