"""Tables: aligned text, or drawn by rich on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import rich.table

__all__ = ["Table", "as_text", "drawn", "show"]

GAP = "  "


class Table(NamedTuple):
    """Cells of text.

    Args:
        rows: of cells, as many in each.
        head: whether the first row names the columns.
        numbers: whether columns but the first are numbers, which end at the same place.
    """

    rows: Sequence[Sequence[str]]
    head: bool = True
    numbers: bool = False


def show(tables: Sequence[Table], out: TextIO) -> None:
    """Prints tables with an empty line between: drawn on a terminal, else as plain text for other programs.

    Args:
        tables: at least one.
        out: where to.
    """
    if not out.isatty():
        print("\n\n".join(map(as_text, tables)), file=out)
        return
    console = optional("rich.console", "cli").Console(file=out, highlight=False)
    for number, table in enumerate(tables):
        console.print(*[""] * bool(number), drawn(table, whole=table.numbers), sep="\n", crop=False)


def as_text(table: Table) -> str:
    """Columns two spaces apart, without anything at the ends of lines."""
    widths = [max(map(len, column)) for column in zip(*table.rows, strict=True)]
    return "\n".join(
        GAP.join(
            [
                cell.rjust(width) if table.numbers and number else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
        ).rstrip()
        for row in table.rows
    )


def drawn(table: Table, *, whole: bool) -> rich.table.Table:
    """The same for rich, where what names rows and columns is bold.

    Args:
        table: what to draw.
        whole: whether it keeps its width where there is less room; else long cells are broken.
    """
    text = optional("rich.text", "cli").Text
    grid: rich.table.Table = optional("rich.table", "cli").Table.grid(padding=(0, len(GAP), 0, 0))
    grid.width = max(map(len, as_text(table).split("\n"))) if whole else None
    grid.add_column(style="bold", no_wrap=True)
    for _ in table.rows[0][1:]:
        grid.add_column(justify="right" if table.numbers else "left", no_wrap=whole)
    for number, row in enumerate(table.rows):
        grid.add_row(*map(text, row), style="bold" if table.head and not number else "")
    return grid
