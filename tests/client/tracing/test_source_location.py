"""Where in a caller's code something happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gridgrad
from gridgrad.tracing.source_location import here


def test_it_is_the_callers_line_and_expression() -> None:
    seen: list[Any] = []

    def function(t: Any) -> Any:
        seen.append(here())
        return t

    gridgrad.trace(function)
    found = seen[0]
    assert found.where.endswith(f" of {Path(__file__).name}")
    assert found.text == "here()"
    assert str(found) == f"`here()` ({found.where})"
    assert found.frame.f_code.co_name == "function"


def test_without_the_source_the_line_is_left() -> None:
    seen: list[Any] = []
    code = compile("def function(t):\n    seen.append(here())\n    return t", "nowhere.py", "exec")
    names: dict[str, Any] = {"seen": seen, "here": here}
    exec(code, names)  # noqa: S102 - code that no file has
    gridgrad.trace(names["function"])
    assert str(seen[0]) == "line 2 of nowhere.py"
    assert seen[0].text == ""
