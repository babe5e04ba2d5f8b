"""``dynstudy export``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynstudy.cli.options import BackendOption, StorageOption, StudyArgument
from dynstudy.cli.session import log, opened, progress_display
from dynstudy.errors import DynstudyError
from dynstudy.export.words import By, FileFormat, Per

if TYPE_CHECKING:
    from dynstudy.export.export_file import Entry

EXAMPLES = (
    "dynstudy export quickstart --out best.toml",
    "dynstudy export quickstart --format csv --out networks.csv",
)


def command(
    study: StudyArgument,
    top: Annotated[
        int | None, typer.Option(help="How many configurations. [default: 1]", min=1)
    ] = None,
    by: Annotated[
        By | None,
        typer.Option(
            help="What the best is best by. [default: what a search maximizes, else val_accuracy]"
        ),
    ] = None,
    per: Annotated[
        Per | None,
        typer.Option(
            help="The best of each width or loss; or the Pareto front of accuracy and width."
        ),
    ] = None,
    confirm: Annotated[
        int | None,
        typer.Option(
            help="Train the chosen ones on so many fresh seeds, and read them on fresh "
            "validation points; 0 for none. [default: the study's replicates]",
            min=0,
            max=100_000,
        ),
    ] = None,
    weights: Annotated[
        bool, typer.Option("--weights", help="Write the best network's parameters beside --out.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="File to write; stdout if absent.", show_default=False)
    ] = None,
    form: Annotated[
        FileFormat | None,
        typer.Option(
            "--format",
            help="toml, json: the best configurations; `reproduce` and `train` read TOML. csv, "
            "parquet, netcdf: the whole study, one row per network. [default: by the suffix of "
            "--out, else toml]",
        ),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            help="Of the whole study, a row per network and step of what was read along training: "
            "train, validation, eigenvalues, smallest_eigenvalue, onsets, uphill, loss."
        ),
    ] = None,
    backend: BackendOption = "auto",
    storage: StorageOption = None,
) -> None:
    """Export the best configurations, confirmed on fresh seeds, or a whole study.

    The best of many is flattered, so what is chosen is trained again, with its static baseline,
    on seeds and a validation spiral that nothing was chosen on. Of a data set of yours there
    are no more points: they are split anew, so that the confirmation is of the same data. The
    file has both numbers; `dynstudy reproduce FILE` checks it anywhere.
    """
    form = form or FileFormat.of(out)
    if form.whole_study:
        if top is not None or per is not None or confirm is not None or weights:
            raise DynstudyError(
                f"--format {form} is of the whole study; --top, --per, --confirm and --weights "
                "belong to toml and json"
            )
        _export_whole(study, form, out, storage, series)
        return
    if series is not None:
        raise DynstudyError("--series is of the whole study; give --format csv, parquet or netcdf")
    if weights and out is None:
        raise DynstudyError("--weights needs --out, beside which they are written")

    from dynstudy.export.export_file import to_text
    from dynstudy.export.exporting import export
    from dynstudy.export.weights import add_weights, named_weights
    from dynstudy.report.safe_files import check_folder, write_whole

    if out is not None:
        check_folder(out)
    with opened(storage) as database, progress_display(study) as display:
        exported = export(
            database,
            study,
            top=top or 1,
            by=by,
            per=per,
            confirm=confirm,
            backend=backend,
            report=display.update,
            log=display.log,
        )
    if out is None:
        typer.echo(to_text(exported, form), nl=False)
        return
    before = named_weights(out)
    if weights:
        exported = add_weights(exported, out, backend)
    text = to_text(exported, form)
    write_whole(out, lambda path: path.write_text(text, encoding="utf-8"))
    for path in before:
        if path.name not in text:
            path.unlink(missing_ok=True)
    if (written := exported.configuration[0].weights) is not None:
        log(f"wrote {out.with_name(written.file)}")
    for number, entry in enumerate(exported.configuration, start=1):
        log(f"{number}. {entry.configuration}: {_accuracies(entry)}")
    check = f"; check it anywhere with: dynstudy reproduce {out}"
    log(f"wrote {out}" + (check if form is FileFormat.toml else ""))


def _accuracies(entry: "Entry") -> str:
    from dynstudy.measure.accuracy import with_error

    picked, fresh = entry.found, entry.confirmed
    said = []
    if picked is not None:  # and no tile, which is found by its pixels
        said.append(with_error(picked.val_accuracy, picked.sem) + " as found")
    if fresh is not None:
        again = with_error(fresh.val_accuracy, fresh.sem)
        said.append(f"{again} on fresh seeds (n = {fresh.replicates})")
    return ", ".join(said)


def _export_whole(
    study: str, form: FileFormat, out: Path | None, storage: str | None, series: str | None
) -> None:
    from dynstudy.export.replicate_table import (
        VARIABLES,
        check_library,
        replicates,
        write_replicates,
    )
    from dynstudy.export.series_table import FIRST, series_table
    from dynstudy.report.safe_files import write_whole

    if out is None and form is not FileFormat.csv:
        raise DynstudyError(f"--format {form} needs --out")
    check_library(form)
    with opened(storage) as database:
        frame = (
            replicates(database, study) if series is None else series_table(database, study, series)
        )
    variables, along = VARIABLES, ["seed"]
    if series is not None:
        variables, along = [name for name in frame if name not in FIRST], ["seed", "step"]
    if out is None:
        typer.echo(frame.to_csv(index=False, lineterminator="\n"), nl=False)
        return
    write_whole(out, lambda path: write_replicates(frame, form, path, study, variables, along))
    log(f"wrote {out}: {len(frame)} {'networks' if series is None else 'rows'}")
