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

from gridgrad_worker.compiled.build import NAME, digest_of
from gridgrad_worker.compiled.cache import Cache, Package
from gridgrad_worker.compiled.compiled import CompiledEngine
from gridgrad_worker.compiled.compiler import compiler_version
from gridgrad_worker.compiled.compiling import Compilation
from gridgrad_worker.compiled.directory import UnusableError, open_directory, place
from gridgrad_worker.compiled.making import engine_of
from gridgrad_worker.compiled.marks import Marks, discard_fatal
from gridgrad_worker.compiled.order import Order
from gridgrad_worker.structured.engine import StructuredEngine

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
        self.pieces = 0
        self.engine: CompiledEngine | None = None
        self.wanted = False
        self.looked = False
        self.given_up = order.device != "cpu"


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
        self._compilation: Compilation | None = None
        self._compiling: _Hot | None = None
        self._said: set[str] = set()
        self._cache, self._marks = self._opened()

    def add(self, order: Order, direct: StructuredEngine) -> str:
        """Tells of an expression, and returns its key.

        Args:
            order: what there is to compile.
            direct: computes it meanwhile.
        """
        key = order.key()
        self._known.setdefault(key, _Hot(order, direct))
        return key

    def forget(self, key: str) -> None:
        """Drops an expression. What is being compiled for it will be on disk."""
        self._known.pop(key, None)

    @property
    def is_waiting(self) -> bool:
        """Whether anything is being compiled."""
        return self._compilation is not None

    def lookup(self, key: str) -> CompiledEngine | None:
        """The compiled engine of an expression, if it is ready; to be called between batches."""
        hot = self._known[key]
        if hot.engine is None:
            if not hot.looked:
                hot.looked = True
                self._load(key, hot)
            self._attend()
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
        self._known[key].wanted = True
        self._attend()

    def close(self) -> None:
        """Ends what is being compiled, and leaves nothing behind."""
        if self._compilation is not None:
            self._compilation.end()
            self._compilation = None
        if self._marks is not None:
            self._marks.close()
            self._marks = None

    def _opened(self) -> tuple[Cache | None, Marks | None]:
        compiler_version()  # asked for now, and not when the first batch waits
        try:
            root = open_directory(self._settings.root or place())
            cache = Cache(root, self._settings.cache_bytes)
            cache.sweep()
            for key in discard_fatal(cache):
                _log.warning("a worker died in the compiled code of %s, which is discarded", key[:12])
            return cache, Marks(root)
        except (UnusableError, OSError) as error:
            self._say(f"nothing is compiled: {error}")
            return None, None

    def _say(self, what: str) -> None:
        """Logs what holds for the worker's whole life, once."""
        if what not in self._said:
            self._said.add(what)
            _log.warning("%s; expressions are computed without, more slowly", what)

    def _attend(self) -> None:
        """Takes in a compilation that has ended, and starts the next one."""
        if self._compilation is not None:
            status = self._compilation.poll()
            if status is None:
                return
            hot, self._compiling = self._compiling, None
            said, self._compilation = self._compilation.said, None
            if hot is not None:
                self._take_in(hot, status, said)
        waiting = (hot for hot in self._known.values() if hot.wanted and hot.engine is None and not hot.given_up)
        following = next(waiting, None)
        if following is not None:
            self._order(following)

    def _take_in(self, hot: _Hot, status: int, said: str) -> None:
        hot.given_up = True  # unless it can be loaded, another try would end as this one did
        if status:
            _log.info("not compiled (status %d): %s", status, said)
            return
        key = hot.order.key()
        if key in self._known:
            self._load(key, hot)

    def _order(self, hot: _Hot) -> None:
        if self._cache is None:
            hot.given_up = True
            return
        if compiler_version() is None:
            hot.given_up = True
            self._say("nothing is compiled: there is no C++ compiler; install g++, or set CXX")
            return
        try:
            self._compilation = self._start(hot.order, self._cache, self._settings.compile_timeout_s)
        except OSError as error:
            hot.given_up = True
            self._say(f"nothing is compiled: {error}")
            return
        self._compiling = hot

    def _load(self, key: str, hot: _Hot) -> None:
        """Takes the package from the disk, if a good one is there."""
        if self._cache is None or self._marks is None:
            return
        package = self._cache.find(key)
        if package is None:
            return
        if package.refused:
            hot.given_up = True
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
    return engine_of(hot.order, hot.direct, package.libraries[NAME], lambda: marks.running(key))
