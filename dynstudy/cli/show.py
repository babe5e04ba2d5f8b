"""``dynstudy show``."""

import sys
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption, StudyArgument
from dynstudy.cli.session import opened
from dynstudy.report.words import Format

EXAMPLES = ("dynstudy show quickstart --top 3", "dynstudy show quickstart --format json")


def command(
    study: StudyArgument,
    top: Annotated[int, typer.Option(help="How many of the best cells.", min=1)] = 5,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Show one study: progress, best cells, study file and provenance."""
    from dynstudy.report.overview import overview, print_overview

    with opened(storage) as database:
        shown = overview(database, study, top)
    print_overview(shown, form, sys.stdout)
