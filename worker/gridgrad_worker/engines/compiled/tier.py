"""The compiled tier of a worker: which expressions are hot, which are being compiled, and which are ready.

One state machine for all devices; what differs is the `Compiler` that it is given:

    pending ──(count_use, prepare)──▶ waiting ──(poll)──▶ compiling ──(poll)──▶ ready
       └──────────────(lookup: made before)───────────────────────────────────▶ ready
    any of the first three ──(there can be no code)──▶ never, with the reason

Invariants:
* Nothing here waits. Compilers run beside the worker's thread, which alone calls the methods, between two batches.
* One expression is compiled at a time; who has waited longest since his last one is next.
* Whatever goes wrong, the direct tier computes, and what went wrong is not tried again, unless it passes, as a full
  disk does: then it is when somebody asks for it, and else after a while.
"""

from __future__ import annotations

import itertools
import logging
import math
import time
from typing import Literal, NamedTuple

from gridgrad_worker.engines.compiled.codegen.job import CompileJob, SeenNumbers
from gridgrad_worker.engines.compiled.compiler import Compilation, CompiledCode, Compiler
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.verification.samples import seen_in
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.native.errors import (
    CannotCompileError,
    MomentaryTroubleError,
    NothingToCompileWithError,
)

__all__ = ["FIRST_PAUSE_S", "Hotness", "Tier", "TierState"]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 3600.0
"""How long an expression that is hot waits after trouble that passes; twice as long each time."""

_log = logging.getLogger(__name__)


class TierState(NamedTuple):
    """Whether there is compiled code of an expression.

    Args:
        compiled: "ready", "pending" while it is not settled, "never", or "later" after trouble that passes.
        why: why there is none; else empty.
    """

    compiled: Literal["ready", "pending", "never", "later"]
    why: str = ""


class Hotness(NamedTuple):
    """How much of an expression is computed by the direct tier before it is compiled, whichever comes first.

    Args:
        points: of all its tiles.
        tiles: how many.
    """

    points: int
    tiles: int


class _Expression:
    """What is known of one expression."""

    def __init__(self, job: CompileJob, direct: StructuredEngine) -> None:
        self.job, self.direct = job, direct
        self.points = self.tiles = 0
        self.users = 0
        self.was_looked_up = False
        self.code: CompiledCode | None = None
        self.refusal = ""
        self.again_at = math.inf  # when what was refused is tried again, by time.monotonic
        self.pause_s = FIRST_PAUSE_S
        self.seen: SeenNumbers | None = None

    @property
    def is_settled(self) -> bool:
        return self.code is not None or bool(self.refusal)

    @property
    def owner(self) -> str:
        """Who asks for it."""
        return self.job.owner.name

    @property
    def name(self) -> str:
        """For the log."""
        return self.job.key()[:12]


class Tier:
    """Has hot expressions compiled, and finds their code.

    Args:
        compiler: compiles them.
        hotness: when an expression is hot.
    """

    def __init__(self, compiler: Compiler, hotness: Hotness) -> None:
        self._compiler = compiler
        self._hotness = hotness
        self._known: dict[str, _Expression] = {}
        self._waiting: dict[str, _Expression] = {}
        self._compiling: tuple[_Expression, Compilation] | None = None
        self._warned: set[str] = set()
        self._served: dict[str, int] = {}  # of those who wait: which turn was theirs last
        self._turns = itertools.count(1)

    def add(self, job: CompileJob, direct: StructuredEngine) -> str:
        """Tells of an expression, and returns its key.

        Args:
            job: what there is to compile.
            direct: computes it meanwhile.
        """
        key = job.key() + job.bound
        self._known.setdefault(key, _Expression(job, direct)).users += 1
        return key

    def forget(self, key: str) -> None:
        """Drops an expression that was added once, and its code with it."""
        expression = self._known[key]
        expression.users -= 1
        if not expression.users:
            del self._known[key]
            self._waiting.pop(key, None)

    @property
    def is_busy(self) -> bool:
        """Whether anything is being compiled or waits for it, so that `poll` has something to do."""
        return self._compiling is not None or bool(self._waiting)

    def state(self, key: str) -> TierState:
        """Whether there is compiled code of an expression, as far as is known by now."""
        expression = self._known[key]
        if expression.code is not None:
            return TierState("ready")
        if not expression.refusal:
            return TierState("pending")
        return TierState("never" if expression.again_at == math.inf else "later", expression.refusal)

    def lookup(self, key: str) -> CompiledCode | None:
        """The compiled code of an expression, if it is ready."""
        expression = self._known[key]
        if expression.code is None:
            if not expression.was_looked_up:
                self._find(expression)
            self.poll()
        return expression.code

    def count_use(self, key: str, points: int, tiles: int = 1, last: Tile | None = None) -> None:
        """Counts what was computed by the direct tier; when it is enough, the expression is compiled.

        Args:
            key: of the expression.
            points, tiles: how many.
            last: one of the tiles; where the expression is then hot, its code is compared at some of its numbers.
        """
        expression = self._known[key]
        expression.points += points
        expression.tiles += tiles
        if expression.points >= self._hotness.points or expression.tiles >= self._hotness.tiles:
            if expression.seen is None and last is not None and not expression.is_settled:
                expression.seen = seen_in(last, expression.job.dims)
            if not expression.refusal or time.monotonic() >= expression.again_at:
                self.prepare(key)

    def prepare(self, key: str) -> None:
        """Asks for an expression to be compiled, if it is not yet and can be."""
        expression = self._known[key]
        if expression.again_at < math.inf:
            expression.refusal, expression.again_at = "", math.inf
        being_compiled = self._compiling is not None and self._compiling[0] is expression
        if not expression.is_settled and not being_compiled:
            self._waiting[key] = expression
            self.poll()

    def poll(self) -> None:
        """Takes in what has been compiled, and has the next expression compiled."""
        if self._compiling is not None:
            expression, compilation = self._compiling
            if compilation.is_running:
                return
            self._compiling = None
            self._compiler.release()
            self._take_in(expression, compilation)
        while self._waiting and self._compiling is None:
            key, expression = min(self._waiting.items(), key=lambda each: self._served.get(each[1].owner, 0))
            if not expression.is_settled and not self._begin(expression):
                return
            del self._waiting[key]
            self._count_turn(expression.owner)

    def close(self) -> None:
        """Ends what is being compiled, and leaves nothing behind."""
        if self._compiling is not None:
            self._compiling[1].end()
            self._compiling = None
        self._waiting.clear()
        self._compiler.close()

    def _count_turn(self, owner: str) -> None:
        """Counts one who was served; forgets those who want nothing more."""
        wanting = {each.owner for each in self._waiting.values()}
        self._served = {each: turn for each, turn in self._served.items() if each in wanting}
        self._served[owner] = next(self._turns)

    def _begin(self, expression: _Expression) -> bool:
        """Settles an expression or has it compiled; False while another worker compiles."""
        if not self._compiler.acquire():
            return False
        self._find(expression)  # another worker may have made it meanwhile
        if not expression.is_settled:
            self._start(expression)
        if self._compiling is None:
            self._compiler.release()
        return True

    def _start(self, expression: _Expression) -> None:
        try:
            job = expression.job._replace(seen=expression.seen)
            self._compiling = expression, self._compiler.start(job, expression.direct)
            _log.info("compiling %s", expression.name)
        except CannotCompileError as error:
            self._refuse(expression, error)

    def _find(self, expression: _Expression) -> None:
        expression.was_looked_up = True
        try:
            expression.code = self._with_other_tables(expression)
            if expression.code is None:
                expression.code = self._compiler.find(expression.job, expression.direct)
        except CannotCompileError as error:
            self._refuse(expression, error)
        if expression.code is not None:
            _log.info("compiled code of %s is in use", expression.name)

    def _with_other_tables(self, expression: _Expression) -> CompiledCode | None:
        """The code of an expression that is loaded for other numbers of its tables."""
        if not expression.job.bound:
            return None
        job = expression.job.key()
        loaded = (each.code for key, each in self._known.items() if key.startswith(job))
        code = next((code for code in loaded if isinstance(code, CompiledEngine)), None)
        return None if code is None else code.of_tables(expression.direct)

    def _take_in(self, expression: _Expression, compilation: Compilation) -> None:
        if not expression.users:  # nobody wants it any more; what is kept on disk is there for later
            return
        try:
            expression.code = compilation.code()
            _log.info("compiled code of %s is in use", expression.name)
        except CannotCompileError as error:
            self._refuse(expression, error)

    def _refuse(self, expression: _Expression, error: CannotCompileError) -> None:
        expression.refusal = str(error)
        if isinstance(error, MomentaryTroubleError):
            expression.refusal += "; it is tried again when it is prepared, and else after a while"
            expression.again_at = time.monotonic() + expression.pause_s
            expression.pause_s = min(2 * expression.pause_s, LONGEST_PAUSE_S)
        if not isinstance(error, NothingToCompileWithError):
            _log.info("not compiled, so computed more slowly: %s", error)
        elif expression.refusal not in self._warned:  # it holds for the worker's whole life
            self._warned.add(expression.refusal)
            _log.warning("nothing is compiled, so expressions are computed more slowly: %s", error)
