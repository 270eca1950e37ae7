"""Writes the lists of functions into docs/language.md, from the table in the code: `make docs`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.table import EXPANDED, FUNCTIONS

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parent / "language.md"

_BEGIN = "<!-- Written by make docs from core/gridgrad_core/lang/functions. Change it there. -->\n"
_END = "<!-- The end of what make docs writes. -->\n"
_HEAD = "| {} | what it is | derivatives | at awkward points |\n| --- | --- | --- | --- |"


def page(text: str) -> str:
    """The page with its lists of functions as the table in the code has them now."""
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}\n{_lists()}\n{_END}{after}"


def _lists() -> str:
    functions = [*FUNCTIONS.values(), *EXPANDED]
    grouped = itertools.groupby(sorted(functions, key=_position), key=lambda function: function.group)
    return "\n\n".join(f"### {_title(group)}\n\n{_table(group, list(rows))}" for group, rows in grouped) + "\n"


def _position(function: Function) -> int:
    groups = list(dict.fromkeys(row.group for row in FUNCTIONS.values()))
    return groups.index(function.group) if function.group in groups else len(groups)


def _title(group: str) -> str:
    return "Operators" if group == "operator" else group.capitalize()


def _table(group: str, rows: list[Function]) -> str:
    head = _HEAD.format("operator" if group == "operator" else "function")
    return "\n".join([head, *(_row(_cells(row)) for row in rows)])


def _row(cells: Iterator[str]) -> str:
    return "".join(f"| {cell} " for cell in (cell.replace("|", "\\|") for cell in cells)).replace("  ", " ") + "|"


def _cells(function: Function) -> Iterator[str]:
    if function.group == "operator":
        yield f"`{function.formula}`"
        yield _also("as a function", function.aliases)
    else:
        yield _call(function)
        yield function.formula + ("; more arguments fold from the left" if function.variadic else "")
    yield _derivatives(function)
    yield function.notes


def _call(function: Function) -> str:
    call = f"`{function.name}({', '.join(function.params)}{', ...' if function.variadic else ''})`"
    also = _also("also", function.aliases)
    return f"{call} {also}".rstrip()


def _also(word: str, aliases: tuple[str, ...]) -> str:
    return f"{word} {', '.join(f'`{alias}`' for alias in aliases)}" if aliases else ""


def _derivatives(function: Function) -> str:
    if all(text == "0" for text in function.derivatives):
        return "0" if function.result == "number" and function.derivatives else ""
    pairs = zip(function.params, function.derivatives, function.kinds or function.params, strict=True)
    return ", ".join(f"∂{param} `{text}`" for param, text, kind in pairs if kind not in ("integer", "boolean"))


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
