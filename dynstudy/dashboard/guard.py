"""Who may ask the dashboard what: it has neither a login nor a read-only mode of its own.

Two things are kept off: writing, unless asked for, and other web pages that are open in the same
browser, which can send requests to this address as well as the dashboard's own page can.
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

READING = ("GET", "HEAD")
HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)
"""What a browser on this machine calls us; on any port, since a tunnel may begin at another."""

PATH = re.compile(r"/|(/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)+/?", re.ASCII)
"""What all our addresses look like, decoded.

Nothing else is passed on: neither signs that this file and the dashboard may read in two ways (an
end of line, a second `%`, `;`, `//`, `..`), nor what only looks like one of the patterns below.
"""

RENAME = re.compile(r"/api/studies/\d+/rename/?", re.ASCII)
ARTIFACTS = "/artifacts/"
ARTIFACT = re.compile(r"/artifacts/(?:\d+/){1,2}([0-9a-fA-F-]+)/?", re.ASCII)


class Guard:
    """The dashboard behind a door."""

    def __init__(self, application: Application, *, writable: bool, artifacts: Path) -> None:
        self.application, self.writable, self.artifacts = application, writable, artifacts

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        reason = self.refusal(environ)
        if reason:
            return _answer("403 Forbidden", reason, start_response)
        path = environ.get("PATH_INFO", "")
        if not PATH.fullmatch(path):
            return _answer("404 Not Found", "there is nothing at this address", start_response)
        artifact = ARTIFACT.fullmatch(path)
        if artifact and not (self.artifacts / artifact[1]).is_file():
            reason = f"this file of the study is not in {self.artifacts}; was it left behind?"
            return _answer("404 Not Found", reason, start_response)
        environ.setdefault("HTTP_ACCEPT_ENCODING", "")  # the dashboard fails without it

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, _hardened(headers, path.startswith(ARTIFACTS)), *error)

        return self.application(environ, start)

    def refusal(self, environ: Environ) -> str:
        """Why a request is refused, in one line; empty where it is not."""
        host = environ.get("HTTP_HOST", "").lower()
        if not HOST.fullmatch(host):
            # a foreign name that was made to point to this machine (DNS rebinding)
            return "this dashboard answers to localhost, 127.0.0.1 and [::1] only"
        if environ["REQUEST_METHOD"] in READING:
            return ""
        if not self.writable:
            return "this dashboard is read-only; start it with --writable to change studies"
        if not _own_page(environ, host):
            return "changes are accepted from the dashboard's own page only"
        if RENAME.fullmatch(environ.get("PATH_INFO", "")):
            # the dashboard copies the study: its launches, figures and files would be lost
            return "rename a study with `dynstudy rename`, which keeps all that belongs to it"
        return ""


def _own_page(environ: Environ, host: str) -> bool:
    """Whether a writing request comes from the page that we served."""
    # Browsers send Origin with every such request. One that leaves it out still tells it in
    # Sec-Fetch-Site, which no page can set; what sends neither is not the dashboard's page.
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None:
        return bool(origin.lower() == f"http://{host}")
    return bool(environ.get("HTTP_SEC_FETCH_SITE") == "same-origin")


def _answer(status: str, reason: str, start_response: Callable[..., Any]) -> list[bytes]:
    body = json.dumps({"reason": reason}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, _hardened(headers, False))
    return [body]


def _hardened(headers: list[tuple[str, str]], artifact: bool) -> list[tuple[str, str]]:
    """Keep other pages from reading or framing ours, and artifacts from running as ours."""
    kept = [pair for pair in headers if pair[0].lower() != "access-control-allow-origin"]
    kept += [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "SAMEORIGIN"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    if artifact:
        kept.append(("Content-Security-Policy", "sandbox"))
    return kept
