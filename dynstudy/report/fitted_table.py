"""A table no wider than where it is printed: what does not fit is left out and named, never cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

BETWEEN = 3  # characters between two columns
AROUND = 2  # a table
LONG = 25  # characters of a text that is not folded, as a number with its interval
SHORT = 15  # characters of a line of one that is


@dataclass(frozen=True)
class TextColumn:
    """What stands below one heading, as text."""

    heading: str
    values: Sequence[str]
    right: bool = False  # numbers are aligned there

    @property
    def width(self) -> int:
        """Of its values, and of the words of its heading, which may stand below each other."""
        return max(map(len, [*self.heading.split(), *self.values]), default=0)

    @property
    def constant(self) -> bool:
        """Whether all of several rows have the same value, which can be said once."""
        return len(self.values) > 1 and len(set(self.values)) == 1

    @property
    def named(self) -> str:
        """Its heading, and the value that all rows have."""
        if not self.constant:
            return self.heading
        return f"{self.heading} = {self.values[0]}" if self.values[0] else f"{self.heading} (empty)"


class FittedTable:
    """Columns as a table, to be printed by rich.

    Where there is no room for all, long texts are folded first, then those columns left out that
    have one value, then the last ones.
    """

    def __init__(self, columns: Sequence[TextColumn]) -> None:
        self.columns = columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        """The table, and what is left out of it."""
        room = options.max_width
        kept = list(self.columns)
        folded = max(room // 4, SHORT)

        def least() -> list[int]:
            """The widths of those that are kept where long texts are folded."""
            return [
                each.width if each.right or each.width <= LONG else min(each.width, folded)
                for each in kept
            ]

        by_rank = sorted(range(len(kept)), key=lambda i: (not kept[i].constant, -i))
        for i in by_rank:
            if len(kept) == 1 or _total(least()) <= room:
                break
            if i > 0 or kept[0].constant:
                kept.remove(self.columns[i])
        widths = least()
        for number, column in enumerate(kept):  # no more folded than there is need to
            widths[number] += max(0, min(column.width - widths[number], room - _total(widths)))
        if len(kept) == 1:
            widths[0] = max(1, min(widths[0], room - AROUND))
        for number, column in enumerate(kept):  # headings in a line, as far as there is room
            wider = [*widths[:number], max(widths[number], len(column.heading))]
            if _total([*wider, *widths[number + 1 :]]) <= room:
                widths[number] = wider[-1]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column, width in zip(kept, widths, strict=True):
            side: Literal["right", "left"] = "right" if column.right else "left"
            table.add_column(Text(column.heading), justify=side, width=width, overflow="fold")
        for row in zip(*(column.values for column in kept), strict=True):
            table.add_row(*map(Text, row))
        yield table
        left_out = [column.named for column in self.columns if column not in kept]
        if left_out:
            said = f"columns left out: {', '.join(left_out)}; wider terminal or --format csv"
            yield Text(said, style="dim")


def _total(widths: Sequence[int]) -> int:
    """The width of a table of columns of these."""
    return AROUND + sum(widths) + BETWEEN * (len(widths) - 1)
