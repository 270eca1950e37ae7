"""A compiler that does what a test says."""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.native.errors import CannotCompileError, NothingToCompileWithError

__all__ = ["Code", "Running", "ScriptedCompiler"]


class Code:
    """Compiled code that only says that it is some."""

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None: ...


class Running:
    """A compilation that runs until `made` or `failure` is set."""

    def __init__(self, job: CompileJob) -> None:
        self.job = job
        self.made: Code | None = None
        self.failure: CannotCompileError | None = None
        self.ended = False

    @property
    def is_running(self) -> bool:
        return self.made is None and self.failure is None

    def code(self) -> Code:
        if self.failure is not None:
            raise self.failure
        assert self.made is not None, "nobody asks before it has ended"
        return self.made

    def end(self) -> None:
        self.ended = True


class ScriptedCompiler:
    """A compiler whose answers a test sets, and that counts what it is asked."""

    def __init__(self) -> None:
        self.started: list[Running] = []
        self.kept: dict[str, Code | CannotCompileError] = {}
        self.searches = self.held = 0
        self.is_free = True
        self.lacks: NothingToCompileWithError | None = None
        self.closed = False

    def find(self, job: CompileJob, direct: StructuredEngine) -> Code | None:
        assert direct is not None
        self.searches += 1
        found = self.kept.get(job.key())
        if isinstance(found, CannotCompileError):
            raise found
        return found

    def acquire(self) -> bool:
        self.held += self.is_free
        return self.is_free

    def release(self) -> None:
        self.held -= 1

    def start(self, job: CompileJob, direct: StructuredEngine) -> Running:
        assert direct is not None
        assert self.held == 1, "the lock is held while it compiles"
        if self.lacks is not None:
            raise self.lacks
        self.started.append(Running(job))
        return self.started[-1]

    def close(self) -> None:
        self.closed = True
