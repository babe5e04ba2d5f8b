"""What the dashboard answers, bettered on its way: figures in order, and a page that knows ours."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from dynstudy.dashboard.guard import Application, Environ

FIGURE = "dashboard:plot_data:"
"""What the attributes begin with that hold a figure, or its pieces."""

PIECE = re.compile(rf"({FIGURE}.+:)(\d+)")
STUDY = re.compile(r"/api/studies/\d+/?", re.ASCII)
PAGE = re.compile(r"/dashboard(/.*)?")
KEY = b', "plotly_graph_objects": '


def join_figures(attributes: dict[str, Any]) -> None:
    """Make one attribute of a study of each figure's pieces, in place.

    The dashboard goes through all attributes of a study for each of its trials, and it stores a
    figure in pieces of 2 kB, as an older dynstudy did: with the figures of 10 000 cells a load took
    1.9 s, so 1.2 s.
    """
    pieces: dict[str, dict[int, str]] = {}
    for key in list(attributes):
        piece = PIECE.fullmatch(key)
        if piece:
            pieces.setdefault(piece[1], {})[int(piece[2])] = attributes.pop(key)
    for name in sorted(pieces):
        attributes[f"{name}0"] = "".join(text for _, text in sorted(pieces[name].items()))


def sorted_figures(application: Application) -> Application:
    """Serve figures by identifier: the dashboard's set has another order at each start."""

    def sorting(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not STUDY.fullmatch(environ.get("PATH_INFO", "")) or environ["REQUEST_METHOD"] != "GET":
            return application(environ, start_response)
        (status, headers, *error), body = _whole(application, environ)
        body = sort_figures(body)
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
        start_response(status, [*headers, ("Content-Length", str(len(body)))], *error)
        return [body]

    return sorting


def _whole(application: Application, environ: Environ) -> tuple[Any, bytes]:
    """An answer in one piece: what it began with, and its body."""
    begun: list[Any] = []
    pieces = application(environ, lambda *arguments: begun.append(arguments))
    try:
        body = b"".join(pieces)
        return begun[-1], body  # some begin when they are asked for the first piece
    finally:
        getattr(pieces, "close", lambda: None)()  # it may be a file


def sort_figures(body: bytes) -> bytes:
    """Sort the figures, the last key in what the dashboard says; anything else stays as it is."""
    before, key, last = body.rpartition(KEY)  # a quote in a string would be escaped
    try:
        figures = json.loads(last[:-1])
        figures.sort(key=lambda figure: str(figure["id"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return body
    return before + key + json.dumps(figures).encode() + b"}"


def beside_ours(application: Application, *, writable: bool) -> Application:
    """Give the dashboard's page the way to ours, and take from it what it may not do."""
    sheets = ["beside"] if writable else ["beside", "read_only"]
    added = "".join(f'<link rel="stylesheet" href="/site/{name}.css">' for name in sheets)
    added += '<script defer src="/site/beside.js"></script>'

    def adding(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not PAGE.fullmatch(environ.get("PATH_INFO", "")):
            return application(environ, start_response)
        environ.pop("HTTP_IF_MODIFIED_SINCE", None)  # the file's date says nothing of what is added
        (status, headers, *error), body = _whole(application, environ)
        if body:
            body = body.replace(b"</head>", added.encode() + b"</head>", 1)
        changed = {"content-length", "last-modified", "etag"}
        headers = [pair for pair in headers if pair[0].lower() not in changed]
        headers += [("Content-Length", str(len(body))), ("Cache-Control", "no-cache")]
        start_response(status, headers, *error)
        return [body]

    return adding
