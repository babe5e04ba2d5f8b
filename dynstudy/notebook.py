"""What is shown in a notebook: tables, and a bar that fills."""

import sys
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Self


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


class Bar:
    """A bar in the output of a notebook's cell, which fills in place and stays when it is full."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._handle: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, share: float, state: str) -> None:
        """Show how full it is, from 0 to 1, and a few words."""
        from IPython.display import HTML, display

        bar = f'<progress value="{share:.4f}" max="1"></progress>'
        html = HTML(f"<div>{escape(self.title)} {bar} {escape(state)}</div>")
        if self._handle is None:
            self._handle = display(html, display_id=True)
        else:
            self._handle.update(html)
