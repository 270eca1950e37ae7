"""The page on the language says what the code does: it is current and complete, and lists no function twice."""

from __future__ import annotations

import re

import numpy as np

from docs.generate import PAGE, page
from gridgrad_core.lang.functions.table import EXPANDED, FUNCTIONS, lookup

TEXT = PAGE.read_text()
OFFERED, NOT_OFFERED = TEXT.split("## Not offered")
CODE = re.compile(r"`([^`]+)`")
LEFT_OUT_AS_THEY_ARE_NO_MATHEMATICS = {"matmul", "vecdot", "matvec", "vecmat", "isnat", "invert", "right_shift"}


def test_the_lists_are_current() -> None:
    assert page(TEXT) == TEXT, "run make docs"


def test_every_function_is_listed_with_its_derivatives_and_notes() -> None:
    for function in [*FUNCTIONS.values(), *EXPANDED]:
        start = function.formula if function.group == "operator" else f"{function.name}("
        (row,) = [line for line in OFFERED.split("\n") if line.startswith(f"| `{start}")]
        shown = set(CODE.findall(row.replace("\\|", "|")))
        assert set(function.aliases) <= shown
        assert {text for text in function.derivatives if text != "0"} <= shown | {"where(c, 1, 0)"}
        assert function.notes in row.replace("\\|", "|")


def test_what_is_not_offered_is_not_there() -> None:
    names = [name for row in NOT_OFFERED.split("\n") for name in CODE.findall(row.split(" | ")[0])]
    assert len(names) > 20
    assert not [name for name in names if lookup(name)]


def test_each_of_numpys_elementwise_functions_is_offered_or_explained() -> None:
    ufuncs = {name for name in dir(np) if isinstance(getattr(np, name), np.ufunc)}
    elementwise = {name for name in ufuncs if any(loop[0] in "defg" for loop in getattr(np, name).types)}
    missing = {name for name in elementwise if not lookup(name) and f"`{name}`" not in NOT_OFFERED}
    assert missing <= LEFT_OUT_AS_THEY_ARE_NO_MATHEMATICS
