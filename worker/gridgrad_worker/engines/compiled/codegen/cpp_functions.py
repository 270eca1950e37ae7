"""The functions of the language that a program uses, in C++, each defined once."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch

from gridgrad_worker.engines.compiled.codegen.cpp_table import WRITTEN
from gridgrad_worker.engines.compiled.codegen.torch_recorder import Recorded, record

__all__ = ["CppFunctions"]

_LONG = 24
"""Operations from which on a function is called, and not written where it is used."""


class CppFunctions:
    """The functions of the language that a program uses, in C++.

    Args:
        dtype: computed in.
        static: how the definition of a long one begins.

    Attributes:
        definitions: their text.
        special: whether any of them needs `cpp/special.h`.
    """

    def __init__(self, dtype: torch.dtype, static: str = "static") -> None:
        self.definitions: list[str] = []
        self.special = False
        self._dtype = dtype
        self._static = static
        self._known: dict[tuple[str, tuple[int, ...]], Recorded] = {}

    def recorded(self, op: str, integers: tuple[int, ...]) -> Recorded:
        """A function; defines it when it is first asked for."""
        key = (op, integers)
        if key not in self._known:
            self._known[key] = made = record(op, integers, self._dtype)
            self.special = self.special or made.special
            if len(made.lines) > 1 and op not in WRITTEN:
                self.definitions.append(_definition(self._name(op, integers), made, self._static))
        return self._known[key]

    def call(self, op: str, integers: tuple[int, ...], arguments: Sequence[str]) -> str:
        """The expression of a function of arguments."""
        if op in WRITTEN:
            return WRITTEN[op].format(*arguments)
        made = self.recorded(op, integers)
        if len(made.lines) > 1:
            return f"{self._name(op, integers)}({', '.join(arguments)})"
        expression = made.lines[0].partition(" = ")[2].rstrip(";") if made.lines else made.result
        return re.sub(r"\bp(\d+)\b", lambda found: arguments[int(found[1])], expression)

    def _name(self, op: str, integers: tuple[int, ...]) -> str:
        return "_".join(["of", op, *map(str, integers)])


def _definition(name: str, made: Recorded, static: str) -> str:
    kind = static if len(made.lines) > _LONG else "INLINE"
    parameters = ", ".join(f"{kind} p{n}" for n, kind in enumerate(made.kinds))
    body = "".join(f"    {line}\n" for line in made.lines)
    return f"{kind} {made.kind} {name}({parameters}) {{\n{body}    return {made.result};\n}}\n"
