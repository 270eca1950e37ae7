"""The compiled tier of a worker: which expressions are hot, which are being compiled, and which are ready.

Nothing here waits. Once in a while a batch pays some milliseconds for loading a package; compiling is for
another process of lowest priority, one at a time. Whatever goes wrong, the direct tier computes.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gridgrad_worker.engines.compiled.codegen.build import NAME, digest_of
from gridgrad_worker.engines.compiled.codegen.job import Order
from gridgrad_worker.engines.compiled.codegen.toolchain import compiler_version
from gridgrad_worker.engines.compiled.compile_process import Compilation
from gridgrad_worker.engines.compiled.lock import Turn
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.runtime.cache import Cache, Package
from gridgrad_worker.engines.compiled.runtime.cache_dir import UnusableError, open_directory, place
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.runtime.crash_marks import Marks, discard_fatal
from gridgrad_worker.engines.compiled.tiers import State
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine

__all__ = ["CompiledTier", "Settings"]

_log = logging.getLogger(__name__)


class Settings(NamedTuple):
    """What an operator may change.

    Args:
        hot_points: how many points of an expression are computed before it is compiled.
        hot_pieces: or how many pieces of it.
        cache_bytes: how much the packages on disk may take.
        compile_timeout_s: seconds after which a compile is given up.
        root: the cache's directory; None for that of the environment.
    """

    hot_points: int = 1 << 21
    hot_pieces: int = 50
    cache_bytes: int = 1 << 29
    compile_timeout_s: float = 600.0
    root: Path | None = None


_DEFAULTS = Settings()


class _Hot:
    """What is known of one expression."""

    def __init__(self, order: Order, direct: StructuredEngine) -> None:
        self.order = order
        self.direct = direct
        self.points = 0
        self.users = 0
        self.pieces = 0
        self.engine: CompiledEngine | None = None
        self.looked = False
        self.given_up = "" if order.device == "cpu" else f"nothing is compiled for {order.device}"

    @property
    def is_settled(self) -> bool:
        return self.engine is not None or bool(self.given_up)


class CompiledTier:
    """Finds, loads and orders packages.

    Args:
        settings: of the operator.
        start: starts a compilation.
    """

    def __init__(
        self, settings: Settings = _DEFAULTS, start: Callable[[Order, Cache, float], Compilation] = Compilation
    ) -> None:
        self._settings = settings
        self._start = start
        self._known: dict[str, _Hot] = {}
        self._waiting: dict[str, _Hot] = {}
        self._compilation: Compilation | None = None
        self._compiling: _Hot | None = None
        self._said: set[str] = set()
        self._turn: Turn | None = None
        self._unusable = ""
        self._cache, self._marks = self._opened()

    def add(self, order: Order, direct: StructuredEngine) -> str:
        """Tells of an expression, and returns its key.

        Args:
            order: what there is to compile.
            direct: computes it meanwhile.
        """
        key = order.key()
        self._known.setdefault(key, _Hot(order, direct)).users += 1
        return key

    def forget(self, key: str) -> None:
        """Drops an expression that was added once. What is being compiled for it will be on disk."""
        hot = self._known[key]
        hot.users -= 1
        if not hot.users:
            del self._known[key]
            self._waiting.pop(key, None)

    @property
    def is_waiting(self) -> bool:
        """Whether anything is being compiled or waits for its turn, so that `attend` has something to do."""
        return self._compilation is not None or bool(self._waiting)

    def state(self, key: str) -> State:
        """Whether there is compiled code of an expression, as far as is known by now."""
        hot = self._known[key]
        if hot.engine is not None:
            return State("ready")
        return State("never", hot.given_up) if hot.given_up else State("pending")

    def lookup(self, key: str) -> CompiledEngine | None:
        """The compiled engine of an expression, if it is ready; to be called between batches."""
        hot = self._known[key]
        if hot.engine is None:
            if not hot.looked:
                hot.looked = True
                self._load(key, hot)
            self.attend()
        return hot.engine

    def note(self, key: str, points: int, pieces: int = 1) -> None:
        """Counts what was computed by the direct tier; when it is enough, the expression is compiled."""
        hot = self._known[key]
        hot.points += points
        hot.pieces += pieces
        if hot.points >= self._settings.hot_points or hot.pieces >= self._settings.hot_pieces:
            self.prepare(key)

    def prepare(self, key: str) -> None:
        """Asks for an expression to be compiled, if it is not yet and can be."""
        if not self._known[key].is_settled:
            self._waiting[key] = self._known[key]
            self.attend()

    def close(self) -> None:
        """Ends what is being compiled, and leaves nothing behind."""
        if self._compilation is not None:
            self._compilation.end()
            self._compilation = None
        if self._marks is not None:
            self._marks.close()
            self._marks = None
        if self._turn is not None:
            self._turn.close()
            self._turn = None

    def _opened(self) -> tuple[Cache | None, Marks | None]:
        compiler_version()  # asked for now, and not when the first batch waits
        try:
            root = open_directory(self._settings.root or place())
            cache = Cache(root, self._settings.cache_bytes)
            cache.sweep()
            for key in discard_fatal(cache):
                _log.warning("a worker died in the compiled code of %s, which is discarded", key[:12])
            self._turn = Turn(root)
            return cache, Marks(root)
        except (UnusableError, OSError) as error:
            self._unusable = str(error)
            self._say(f"nothing is compiled: {error}")
            return None, None

    def _say(self, what: str) -> None:
        """Logs what holds for the worker's whole life, once."""
        if what not in self._said:
            self._said.add(what)
            _log.warning("%s; expressions are computed without, more slowly", what)

    def attend(self) -> None:
        """Takes in a compilation that has ended, and starts the next one. Never waits."""
        if self._compilation is not None:
            status = self._compilation.poll()
            if status is None:
                return
            hot, self._compiling = self._compiling, None
            said, self._compilation = self._compilation.said, None
            self._give_turn_back()
            if hot is not None:
                self._take_in(hot, status, said)
        while self._waiting and self._compilation is None:
            key, hot = next(iter(self._waiting.items()))
            if not hot.is_settled and not self._order(key, hot):
                return
            if hot.is_settled:
                del self._waiting[key]

    def _take_in(self, hot: _Hot, status: int, said: str) -> None:
        # Unless it can be loaded, another try would end as this one did
        hot.given_up = said or f"the compilation ended with status {status}"
        if status:
            _log.info("not compiled (status %d): %s", status, said)
            return
        key = hot.order.key()
        if key in self._known:
            self._load(key, hot)

    def _order(self, key: str, hot: _Hot) -> bool:
        """Settles an expression or has it compiled; whether it was this worker's turn to do so."""
        if self._cache is None:
            hot.given_up = self._unusable
            return True
        if self._turn is not None and not self._turn.take():
            return False
        self._load(key, hot)  # another worker may have made it meanwhile
        if not hot.is_settled:
            self._compile(hot, self._cache)
        if self._compilation is None:
            self._give_turn_back()
        return True

    def _compile(self, hot: _Hot, cache: Cache) -> None:
        if compiler_version() is None:
            self._give_up(hot, "there is no C++ compiler; install g++, or set CXX")
            return
        try:
            self._compilation = self._start(hot.order, cache, self._settings.compile_timeout_s)
        except OSError as error:
            self._give_up(hot, str(error))
            return
        self._compiling = hot
        _log.info("compiling %s", hot.order.key()[:12])

    def _give_up(self, hot: _Hot, why: str) -> None:
        hot.given_up = why
        self._say(f"nothing is compiled: {why}")

    def _give_turn_back(self) -> None:
        if self._turn is not None:
            self._turn.give_back()

    def _load(self, key: str, hot: _Hot) -> None:
        """Takes the package from the disk, if a good one is there."""
        if self._cache is None or self._marks is None:
            return
        package = self._cache.find(key)
        if package is None:
            return
        if package.refused:
            hot.given_up = package.refused
            _log.info("not compiled: %s", package.refused)
            return
        try:
            hot.engine = _engine(key, hot, package, self._marks)
            _log.info("compiled code of %s is in use", key[:12])
        except (RuntimeError, OSError, KeyError, AttributeError) as error:
            _log.info("the package of %s is stale and will be replaced: %s", key[:12], error)
            with contextlib.suppress(OSError):
                self._cache.discard(key)


def _engine(key: str, hot: _Hot, package: Package, marks: Marks) -> CompiledEngine:
    if package.layout != digest_of(hot.direct):
        raise RuntimeError("it was made for another plan")
    return engine_of(hot.order, hot.direct, package.libraries[NAME], marks.of(key))
