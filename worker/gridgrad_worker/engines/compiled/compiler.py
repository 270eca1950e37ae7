"""What a compiled tier compiles with, whatever the device is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile

__all__ = ["Compilation", "CompiledCode", "Compiler"]


class CompiledCode(Protocol):
    """Compiled code of an expression."""

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        """Computes tiles together."""


class Compilation(Protocol):
    """The compilation of one expression, which runs beside the worker's thread."""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""

    def code(self) -> CompiledCode:
        """What it has made, once it has ended.

        Raises:
            CannotCompileError: there is none; the message says why.
        """

    def end(self) -> None:
        """Abandons it."""


class Compiler(Protocol):
    """Compiles expressions for one device."""

    def find(self, job: CompileJob, direct: StructuredEngine) -> CompiledCode | None:
        """Code that was made before.

        Args:
            job: the expression.
            direct: its direct tier.

        Raises:
            CannotCompileError: it was found before that there can be none.
        """

    def acquire(self) -> bool:
        """Whether this worker may compile now, and no other one that shares what is made, until `release`."""

    def release(self) -> None:
        """Lets others compile."""

    def start(self, job: CompileJob, direct: StructuredEngine) -> Compilation:
        """Starts to compile.

        Raises:
            CannotCompileError: that is not possible here.
        """

    def close(self) -> None:
        """Leaves nothing behind."""
