"""``dynstudy run``."""

from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.launching import launch, show_estimate
from dynstudy.cli.options import BackendOption, StorageOption, WorkersOption
from dynstudy.errors import DynstudyError

EXAMPLES = (
    "dynstudy run quickstart.toml --dry-run",
    "dynstudy run regime-dce.toml --set name=narrow --set 'space.width=[5, 10]'",
    "dynstudy run boundary-dce.toml --set boundary.cells=48 --extend",
    "dynstudy run regime-dce.toml --workers 4",
)


TlsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="With --scheduler: the authority, this process's certificate and its key, in PEM. "
        "[default: Dask's own configuration]",
        show_default=False,
    ),
]


def command(
    file: Annotated[Path, typer.Argument(help="Study file (TOML); `dynstudy init` writes one.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override, as in space.width=[20,50]."),
    ] = None,
    backend: BackendOption = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count and estimate; train and write nothing.")
    ] = False,
    extend: Annotated[
        bool,
        typer.Option(
            "--extend", help="Let an existing study grow to more cells, or more curvature."
        ),
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Take the study from a launch that gives no sign; if it lives, it records "
            "nothing any more and ends.",
        ),
    ] = False,
    workers: WorkersOption = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on the workers of a Dask scheduler, tls://HOST:PORT or tcp://HOST:PORT.",
        ),
    ] = None,
    patience: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="How long to wait for a database or for workers that are not there.",
            min=0.0,
        ),
    ] = 300.0,
    other_versions: Annotated[
        bool,
        typer.Option(
            "--other-versions",
            help="With --scheduler: let workers train that have other versions of dynstudy, "
            "NumPy, Numba, PyTorch or Triton; each network keeps those that trained it.",
        ),
    ] = False,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure",
            help="With --scheduler: do without TLS beyond this machine; whoever reaches its port "
            "can run code on the workers.",
        ),
    ] = False,
    tls_ca: TlsFile = None,
    tls_cert: TlsFile = None,
    tls_key: TlsFile = None,
    storage: StorageOption = None,
) -> None:
    """Launch a study, or resume it: only what is missing is trained."""
    from dynstudy.study.study_file import load_spec

    secured = {"insecure": insecure, "tls_ca": tls_ca, "tls_cert": tls_cert, "tls_key": tls_key}
    of_scheduler = {"other_versions": other_versions} | secured
    if scheduler is None and any(of_scheduler.values()):
        first = next(name for name, value in of_scheduler.items() if value)
        raise DynstudyError(f"--{first.replace('_', '-')} is for --scheduler, which is not given")
    if scheduler is not None and workers is not None:
        raise DynstudyError("--workers starts processes here, --scheduler has its own: choose one")
    spec = load_spec(file, set_ or [])
    if dry_run:
        show_estimate(spec, backend, storage, extend=extend)
        return
    cluster = None
    if scheduler is not None:
        from dynstudy.launch.executors import SCHEDULER, maker

        connect = maker(SCHEDULER)
        cluster = connect(scheduler, backend=backend, patience=patience, **of_scheduler)
    launch(
        spec,
        storage=storage,
        backend=backend,
        workers=workers,
        executor=cluster,
        patience=patience,
        extend=extend,
        take_over=take_over,
        overrides=set_ or [],
    )
