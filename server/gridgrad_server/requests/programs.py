"""Parsed programs, kept by text: a text is parsed once, in steps that leave the loop free between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterable
from typing import NamedTuple

from cachetools import LRUCache

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.parser.parser import parsing
from gridgrad_core.lang.program.names import CONSTANTS
from gridgrad_core.lang.program.program import Program

__all__ = ["Programs"]

_SLICE_S = 0.002
_CONSTANTS = frozenset(CONSTANTS)

_Text = tuple[str, frozenset[str]]
"""An expression, and those names of constants that its inputs hide: all that its meaning depends on."""


class _Parsed(NamedTuple):
    """What a text was parsed to, and how much that counts."""

    found: Program | ExpressionError
    weight: int


class Programs:
    """The programs of the texts seen last.

    Args:
        most_nodes: how many operations they may have together before the oldest are dropped.
    """

    def __init__(self, most_nodes: int = 400_000) -> None:
        self._most_nodes = most_nodes
        self._parsed: LRUCache[_Text, _Parsed] = LRUCache(most_nodes, lambda parsed: parsed.weight)
        self._parsing: dict[_Text, asyncio.Task[Program | ExpressionError]] = {}

    async def get(self, text: str, names: Iterable[str]) -> Program:
        """The program of an expression.

        Args:
            text: the expression.
            names: the names of the inputs; one of them may hide a constant such as e.

        Raises:
            ExpressionError: it is no expression.
        """
        # Only names that hide a constant change what a text means
        key = text, _CONSTANTS.intersection(names)
        parsed = self._parsed.get(key)
        found = parsed.found if parsed else await asyncio.shield(self._task(key))
        if isinstance(found, ExpressionError):
            raise ExpressionError(found.field, found.found, found.remedy)
        return found

    def _task(self, key: _Text) -> asyncio.Task[Program | ExpressionError]:
        task = self._parsing.get(key)
        if task is None:
            task = self._parsing[key] = asyncio.get_running_loop().create_task(self._parse(key))
            task.add_done_callback(lambda _: self._parsing.pop(key, None))
        return task

    async def _parse(self, key: _Text) -> Program | ExpressionError:
        found: Program | ExpressionError
        try:
            found = await _in_slices(parsing(key[0], inputs=key[1]))
        except ExpressionError as error:
            found = ExpressionError(error.field, error.found, error.remedy)
        self._parsed[key] = _Parsed(found, min(_weight(key, found), self._most_nodes))
        return found


def _weight(key: _Text, found: Program | ExpressionError) -> int:
    nodes = len(found.nodes) if isinstance(found, Program) else 0
    return nodes + len(key[0]) // 64 + 32


async def _in_slices(steps: Generator[None, None, Program]) -> Program:
    slice_ends_at = time.perf_counter() + _SLICE_S
    while True:
        try:
            next(steps)
        except StopIteration as done:
            program: Program = done.value
            return program
        if time.perf_counter() > slice_ends_at:
            await asyncio.sleep(0)
            slice_ends_at = time.perf_counter() + _SLICE_S
