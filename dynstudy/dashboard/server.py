"""The dashboard on an address of this machine."""

import errno
import socketserver
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import optuna
import optuna_dashboard
from optuna.artifacts import FileSystemArtifactStore

from dynstudy.dashboard.artifacts import artifacts_folder
from dynstudy.dashboard.guard import Application, Guard
from dynstudy.dashboard.responses import beside_ours, join_figures, sorted_figures
from dynstudy.dashboard.site import Site
from dynstudy.errors import DynstudyError
from dynstudy.store.optuna_private import FrozenStudy
from dynstudy.store.studies import Storage

HOST = "127.0.0.1"
"""No other: whoever reaches the dashboard reads, and perhaps changes, everything."""


def application(storage: Storage, artifacts: Path, *, writable: bool = False) -> Application:
    """Our pages, and the dashboard's beside them, behind their guard (WSGI)."""
    # with Optuna's cache, what is not new is not read again at every poll of the page
    cached = optuna.storages.get_storage(storage.optuna)
    read_studies = cached.get_all_studies

    def studies_with_whole_figures() -> list[FrozenStudy]:
        studies = read_studies()
        for study in studies:
            join_figures(study.system_attrs)
        return studies

    cached.get_all_studies = studies_with_whole_figures  # type: ignore[method-assign]
    dashboard = optuna_dashboard.wsgi(cached, FileSystemArtifactStore(artifacts))
    dashboard = beside_ours(sorted_figures(dashboard), writable=writable)
    return Guard(Site(storage, dashboard, artifacts), writable=writable, artifacts=artifacts)


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing about each request."""


class DashboardServer(socketserver.ThreadingMixIn, WSGIServer):
    """Serves the studies of a storage; listens once made, answers in `serve_forever`.

    Port 0 is any that is free; `DynstudyError` is raised if one cannot be had.
    """

    daemon_threads = True  # an open page does not keep the command from ending

    def __init__(
        self,
        storage: Storage,
        *,
        port: int = 8080,
        writable: bool = False,
        artifacts: str | Path | None = None,
    ) -> None:
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = "is taken by another program"
            else:
                reason = f"cannot be used: {error.strerror or error}"
            raise DynstudyError(
                f"port {port} {reason}; choose another with --port, or --port 0 for a free one"
            ) from None
        self.address = f"http://{HOST}:{self.server_port}"
        folder = artifacts_folder(storage.url, artifacts)
        self.set_app(application(storage, folder, writable=writable))

    def server_bind(self) -> None:
        """Take the port, without asking a name server what we are called."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that went away before it had its answer is no error."""
