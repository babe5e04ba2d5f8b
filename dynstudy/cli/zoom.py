"""``dynstudy zoom``."""

import math
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynstudy.cli.every_command import whole_number
from dynstudy.cli.launching import launch, show_estimate
from dynstudy.cli.options import BackendOption, StorageOption, StudyArgument, WorkersOption
from dynstudy.cli.session import log, opened
from dynstudy.errors import DynstudyError

if TYPE_CHECKING:
    from dynstudy.store.studies import Storage
    from dynstudy.study.kinds.atlas import AtlasSpec
    from dynstudy.study.zooms import Ends

EXAMPLES = (
    "dynstudy zoom at --amplitude 80:120 --period 90:130",
    "dynstudy zoom at --amplitude 80:120 --pixels 1024,768 --out part.toml",
    "dynstudy zoom at --to amplitude=100.5,period=97 --factor 4 --times 5",
    "dynstudy zoom edge --to forgetting --factor 10 --times 4",
)
FACTOR, STDOUT = 4.0, Path("-")

_Range = typer.Option(metavar="LOW:HIGH", help="Part of this axis. [default: all of it]")
RangeOption = Annotated[str | None, _Range]


def command(
    atlas: StudyArgument,
    amplitude: RangeOption = None,
    period: RangeOption = None,
    learning_rate: RangeOption = None,
    width: RangeOption = None,
    noise: RangeOption = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="AXIS=VALUE,...|SET",
            help="Instead of ranges: zoom into a point, which stays where it is in the picture; or "
            "into the boundary of forgetting or gain, of an atlas of one draw (the sets of "
            "`dynstudy dimension`): each zoom where it is nearest the middle of the one before.",
        ),
    ] = None,
    factor: Annotated[
        float | None,
        typer.Option(
            help="With --to: how many times smaller each zoom is along these axes; along a "
            f"logarithmic one, how many times smaller its logarithm is. [default: {FACTOR:g}]"
        ),
    ] = None,
    times: Annotated[
        int | None,
        typer.Option(
            help="With --to: how many zooms, each of the one before. [default: 1]", min=1, max=1000
        ),
    ] = None,
    pixels: Annotated[
        str | None,
        typer.Option(metavar="W,H", help="To the right and upwards. [default: the atlas's]"),
    ] = None,
    seed: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER|pixel", help="The draw, as in a study file. [default: the atlas's]"
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Of the new study, or with --times of all, a number behind it. [default: "
            "ATLAS-zoom-1, -2, ..., the first free]"
        ),
    ] = None,
    backend: BackendOption = "auto",
    workers: WorkersOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count and estimate; train and write nothing.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the study file of the zoom instead, for `dynstudy run`; - for stdout.",
        ),
    ] = None,
    storage: StorageOption = None,
) -> None:
    """Launch an atlas of a part of a recorded one: as many pixels, the same draw, all else equal.

    The zoom is a study like any other, which remembers what it is a zoom of. The same command again
    resumes it. Of an axis of whole numbers, a part may have fewer values than pixels: pixels that
    share one are replicates where each has its own draw, and else one network, shown wide.
    """
    from dynstudy.analysis.atlas import read_atlas
    from dynstudy.analysis.atlas_dimension import SETS
    from dynstudy.launch.backend_check import check_backend
    from dynstudy.launch.zooming import zoom_sequence
    from dynstudy.study.zooms import repeated_values

    given = {"amplitude": amplitude, "period": period, "learning_rate": learning_rate}
    given |= {"width": width, "noise": noise}
    ranges = {axis: _ends(axis, text) for axis, text in given.items() if text is not None}
    _check_where(ranges, to, factor, times)
    _check_out(out, times, dry_run=dry_run)
    one_by_one = to in SETS
    if one_by_one and dry_run and (times or 1) > 1:
        raise DynstudyError(
            f"--dry-run: where the boundary of {to} is in a zoom is known when it is trained; "
            "leave out --times"
        )
    with opened(storage) as database:
        bounds = _bounds(database, ranges, to, factor or FACTOR)
        whole = read_atlas(database, atlas).spec
        studies: Iterable[AtlasSpec] = zoom_sequence(
            database, whole, bounds, times or 1, name, _sides(pixels), _draw(seed)
        )
        if not one_by_one:  # all of them are checked before the first is trained
            studies = list(studies)
            for study in studies if out is None else ():
                check_backend(backend, study)
        for study in studies:
            for note in repeated_values(study):
                log(f"note: {note}")
            if out is not None:
                _write(out, study)
                continue
            log(f"{study.name}: a zoom of {study.zoom_of}")
            if dry_run:
                log(f"{study.name}: {study.described()}")
                show_estimate(study, backend, storage)
            else:
                launch(study, storage=storage, backend=backend, workers=workers)


def _check_where(ranges: "Ends", to: str | None, factor: float | None, times: int | None) -> None:
    """Check that options say once where a zoom goes."""
    if to is None:
        for option, value in (("--factor", factor), ("--times", times)):
            if value is not None:
                raise DynstudyError(f"{option} is for --to, which is not given")
        if not ranges:
            raise DynstudyError(
                "zoom: of which part? Say it as --amplitude 80:120, or --to amplitude=100"
            )
        return
    if ranges:
        raise DynstudyError("--to and ranges both say which part it is: choose one")
    if factor is not None and not (factor > 1 and math.isfinite(factor)):
        raise DynstudyError(f"--factor {factor:g}: must be above 1")


def _bounds(
    database: "Storage", ranges: "Ends", to: str | None, factor: float
) -> "Callable[[AtlasSpec], Ends]":
    """What each of a sequence of zooms reaches over."""
    from dynstudy.analysis.atlas_dimension import SETS
    from dynstudy.study.zooms import nearer

    if to is None:
        return lambda _: ranges
    if to in SETS:
        return partial(_to_boundary, database, to, factor)
    return partial(nearer, point=_point(to), factor=factor)


def _to_boundary(database: "Storage", of: str, factor: float, whole: "AtlasSpec") -> "Ends":
    """The bounds of a part about a point of an atlas's boundary."""
    from dynstudy.analysis.atlas import read_atlas
    from dynstudy.analysis.atlas_dimension import boundary_of
    from dynstudy.analysis.boundary_point import boundary_point
    from dynstudy.study.zooms import nearer

    point = boundary_point(boundary_of(read_atlas(database, whole.name), of))
    return nearer(whole, point, factor)


def _ends(axis: str, text: str) -> tuple[float, float]:
    option = f"--{axis.replace('_', '-')}"
    low, colon, high = text.partition(":")
    if not colon:
        raise DynstudyError(f"{option} {text}: must be LOW:HIGH, as in 80:120")
    return _number(option, low), _number(option, high)


def _point(text: str) -> dict[str, float]:
    """The values of axes, by their names."""
    point: dict[str, float] = {}
    for each in text.split(","):
        axis, equals, value = each.partition("=")
        axis = axis.strip().replace("-", "_")
        if not equals or not axis or axis in point:
            raise DynstudyError(
                f"--to {text}: must be a value for each axis, as in amplitude=100.5,period=97, or "
                "forgetting or gain"
            )
        point[axis] = _number("--to", value)
    return point


def _number(option: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DynstudyError(f"{option}: {text.strip() or 'nothing'} is not a number")
    return number


def _sides(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        across, up = map(whole_number, text.split(","))
    except ValueError:
        raise DynstudyError(f"--pixels {text}: must be two whole numbers, as in 512,512") from None
    return across, up


def _draw(text: str | None) -> Any:
    """A seed, or what a study file refuses."""
    try:
        return None if text is None else whole_number(text)
    except ValueError:
        return text


def _check_out(path: Path | None, times: int | None, *, dry_run: bool) -> None:
    """Check that a study file can be written."""
    from dynstudy.report.safe_files import check_folder

    if path is None:
        return
    if (times or 1) > 1:
        raise DynstudyError("--out writes one study file, and --times asks for several zooms")
    if dry_run:
        raise DynstudyError("--dry-run writes nothing, and --out a file: choose one")
    if path != STDOUT:
        check_folder(path)
        if path.exists():
            raise DynstudyError(f"{path}: is there already; --out names another file")


def _write(path: Path, study: "AtlasSpec") -> None:
    import tomli_w

    from dynstudy.report.safe_files import write_whole

    # the number that a tile's pixels make is not the file's to say
    values = study.model_dump(mode="json", exclude_none=True, exclude={"replicates"})
    contents = tomli_w.dumps(values)
    if path == STDOUT:
        typer.echo(contents, nl=False)
        return
    write_whole(path, lambda whole: whole.write_text(contents, encoding="utf-8"))
    log(f"wrote {path}; next: dynstudy run {path}")
