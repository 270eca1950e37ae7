"""Parsed texts, kept by text: a text is parsed once. A short one here, in steps that leave the loop free between them;
a long one, or one that has derivatives in it, by a helper.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterable
from typing import NamedTuple

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.functions.table import DIFF
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parsing
from gridgrad_core.lang.program.names import CONSTANTS
from gridgrad_core.lang.program.program import Program
from gridgrad_core.shared_cache import SharedCache
from gridgrad_core.wire.table_specs import plan_table
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.helpers import Helpers

__all__ = ["ParsedText", "Programs"]

_SLICE_S = 0.002
_SHORT = 4096
"""Characters of a text that is parsed here, in milliseconds."""

_OVERHEAD = 1024  # of what is kept of a text besides, in characters

_CONSTANTS = frozenset(CONSTANTS)

_Text = tuple[str, frozenset[str], tuple[TableSpec, ...]]
"""An expression, those names of constants that its inputs hide, and its tables: all that its meaning depends on."""


class ParsedText(NamedTuple):
    """What the server must know of an expression.

    Args:
        text: the canonical text.
        digest: of that.
        components: their names.
        tuple_valued: whether results have a component dim.
        inputs: the names of those that it uses.
        assigned: names that it gives to variables, and which it can't have as inputs.
        operations: how many it has.
        called: the names of the tables that it calls.
    """

    text: str
    digest: str
    components: tuple[str, ...]
    tuple_valued: bool
    inputs: tuple[str, ...]
    assigned: frozenset[str]
    operations: int
    called: tuple[str, ...] = ()

    @classmethod
    def of(cls, program: Program) -> ParsedText:
        """That of a program."""
        names = program.components, program.tuple_valued, program.inputs, program.assigned
        return cls(program.text, program.digest, *names, program.operations, program.called)

    @classmethod
    def read(cls, message: wpb.ParsedText) -> ParsedText:
        """That which a helper has found."""
        names = tuple(message.components), message.tuple_valued, tuple(message.inputs), frozenset(message.assigned)
        return cls(message.text, message.digest, *names, message.operations, tuple(message.called))


class _Kept(NamedTuple):
    """What a text was parsed to, and about how many characters both take."""

    found: ParsedText | ExpressionError
    weight: int


class Programs:
    """What the texts seen last were parsed to.

    Args:
        helpers: parse what takes long; None where all is parsed here.
        most_characters: of all texts together, before whoever has most loses those that he used longest ago.
    """

    def __init__(self, helpers: Helpers | None = None, most_characters: int = 1 << 24) -> None:
        self._helpers = helpers
        self._parsed: SharedCache[_Text, _Kept] = SharedCache(most_characters, lambda kept: kept.weight)
        self._parsing: dict[_Text, asyncio.Task[ParsedText | ExpressionError]] = {}

    async def get(
        self, text: str, names: Iterable[str], caller: str = "", tables: tuple[TableSpec, ...] = ()
    ) -> ParsedText:
        """What an expression is.

        Args:
            text: the expression.
            names: the names of the inputs; one of them may hide a constant such as e.
            caller: for whom.
            tables: what it may call.

        Raises:
            ExpressionError: it is no expression.
            TooLargeError: it takes too long to find out.
        """
        # Only names that hide a constant change what a text means
        key = text, _CONSTANTS.intersection(names), tables
        kept = self._parsed.get(key, caller)
        found = kept.found if kept else await self._found(key, caller)
        if isinstance(found, ExpressionError):
            raise ExpressionError(found.field, found.found, found.remedy)
        return found

    async def _found(self, key: _Text, caller: str) -> ParsedText | ExpressionError:
        if self._helpers is None or (len(key[0]) <= _SHORT and DIFF.name not in key[0]):
            return await asyncio.shield(self._task(key, caller))
        job = wpb.HelperJob(parse=wpb.SourceText(text=key[0], inputs=sorted(key[1]), tables=map(plan_table, key[2])))
        answer = (await self._helpers.ask(job, f"a text of {len(key[0]):,} characters", caller)).parsed
        return self._keep(key, ParsedText.read(answer), caller)

    def _task(self, key: _Text, caller: str) -> asyncio.Task[ParsedText | ExpressionError]:
        task = self._parsing.get(key)
        if task is None:
            task = self._parsing[key] = asyncio.get_running_loop().create_task(self._parse(key, caller))
            task.add_done_callback(lambda _: self._parsing.pop(key, None))
        return task

    async def _parse(self, key: _Text, caller: str) -> ParsedText | ExpressionError:
        try:
            return self._keep(key, ParsedText.of(await _in_slices(parsing(*key))), caller)
        except ExpressionError as error:
            return self._keep(key, ExpressionError(error.field, error.found, error.remedy), caller)

    def _keep(self, key: _Text, found: ParsedText | ExpressionError, caller: str) -> ParsedText | ExpressionError:
        self._parsed.put(key, _Kept(found, _weight(key[0], found)), caller)
        return found


def _weight(text: str, found: ParsedText | ExpressionError) -> int:
    return _OVERHEAD + len(text) + (len(found.text) if isinstance(found, ParsedText) else 0)


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
