"""How results look when they are the last line of a notebook's cell, printed, or given to rich."""

from abc import ABC, abstractmethod
from io import StringIO

from rich.console import Group
from rich.text import Text

from dynstudy.notebook import html_table
from dynstudy.report.rows import Rows, as_table, print_rows, shown
from dynstudy.report.words import Format


class Look(ABC):
    """A line, and a table under it."""

    @abstractmethod
    def _look(self) -> tuple[str, Rows]:
        """The line and the rows."""

    def __repr__(self) -> str:
        line, rows = self._look()
        text = StringIO()
        print_rows(rows, Format.table, text)
        return f"{line}\n{text.getvalue()}".rstrip()

    def __rich__(self) -> Group:
        line, rows = self._look()
        return Group(Text(line), as_table(rows))

    def _repr_html_(self) -> str:
        line, rows = self._look()
        return html_table(line, [{key: shown(row[key]) for key in row} for row in rows])
