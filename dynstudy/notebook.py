"""What is shown in a notebook: tables, and a bar that fills."""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

BETWEEN_SECONDS = 0.5
"""A notebook keeps all that it is told, until its cell ends."""


def in_notebook() -> bool:
    """Whether this process is the kernel of one: what asks IPython without loading it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def html_table(title: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Return texts as an HTML table of a row each, numbers to the right, under a title.

    >>> html_table("two", [{"name": "a<b", "n": "1"}])[:40]
    '<div><p>two</p><table class="dataframe">'
    """
    head = "".join(f"<th>{escape(key)}</th>" for key in (rows[0] if rows else ()))
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(value)}</td>' for value in row.values())}</tr>" for row in rows
    )
    table = f'<table class="dataframe"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f"<div><p>{escape(title)}</p>{table if rows else ''}</div>"


class NotebookBar:
    """A bar in the output of a notebook's cell, which fills in place and stays when it is full."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._handle: Any = None
        self._latest, self._shown, self._at = "", "", -math.inf

    def show(self, share: float, state: str) -> None:
        """Show how full it is, from 0 to 1, and a few words; now and then only, if often asked."""
        bar = f'<progress value="{share:.4f}" max="1"></progress>'
        self._latest = f"<div>{escape(self.title)} {bar} {share:.0%} {escape(state)}</div>"
        if time.monotonic() - self._at > BETWEEN_SECONDS:
            self._draw()

    def end(self) -> None:
        """Show what was not shown yet."""
        if self._latest != self._shown:
            self._draw()

    def _draw(self) -> None:
        from IPython.display import HTML, display

        html = HTML(self._latest)
        if self._handle is None:
            self._handle = display(html, display_id=True)
        else:
            self._handle.update(html)
        self._shown, self._at = self._latest, time.monotonic()
