"""Asks our pages for something, within this process."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

from dynstudy.dashboard.server import application
from dynstudy.store.studies import Storage

EMPTY = {"br", "hr", "img", "input", "link", "meta"}
"""Tags of HTML that have no end."""


class Tags(HTMLParser):
    """Sees that what is opened on a page is closed, and nothing else."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open += [tag] * (tag not in EMPTY)

    def handle_endtag(self, tag: str) -> None:
        line, _ = self.getpos()
        assert self.open[-1:] == [tag], f"</{tag}> in line {line} closes {self.open[-1:]}"
        self.open.pop()


class Visitor:
    """Asks the application of a storage, within this process."""

    def __init__(self, storage: Storage, folder: Path, *, writable: bool = False) -> None:
        self.answer = application(storage, folder, writable=writable)

    def ask(self, path: str, method: str = "GET") -> tuple[str, dict[str, str], str]:
        status, headers, body = self.ask_bytes(path, method)
        return status, headers, body.decode(errors="replace")

    def ask_bytes(self, path: str, method: str = "GET") -> tuple[str, dict[str, str], bytes]:
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path}
        setup_testing_defaults(environ)
        environ["HTTP_HOST"] = "localhost:8080"
        answered: list[Any] = []
        pieces = self.answer(environ, lambda *arguments: answered.append(arguments))
        body = b"".join(pieces)
        getattr(pieces, "close", lambda: None)()
        status, headers = answered[0][:2]
        return status, dict(headers), body

    def page(self, path: str) -> str:
        """The text of a page that has to be there."""
        status, headers, body = self.ask(path)
        assert status == "200 OK"
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        Tags(body)
        return body

    def words(self, path: str) -> str:
        """What a person reads on it."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.page(path))).split())
