"""How results look."""

from io import StringIO

from rich.console import Console

from dynstudy.report.rows import Rows
from dynstudy.results.look import Look


class Two(Look):
    def _look(self) -> tuple[str, Rows]:
        return "two <things> [red]", [{"name": "a&b", "gain": 0.25}, {"name": "c", "gain": None}]


def test_a_look_is_a_line_and_a_table_wherever_it_is_shown() -> None:
    text = StringIO()
    Console(file=text, width=80).print(Two())
    for shown in (repr(Two()), text.getvalue()):
        assert shown.startswith("two <things> [red]\n")
        assert "a&b" in shown
        assert "0.250" in shown
        assert "None" not in shown
    html = Two()._repr_html_()
    assert "two &lt;things&gt; [red]" in html
    assert "<td>a&amp;b</td><td>0.250</td>" in html
    assert "<td>c</td><td></td>" in html
