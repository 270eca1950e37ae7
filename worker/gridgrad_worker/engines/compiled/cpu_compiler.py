"""Compiles for the processor: in a process of lowest priority, whose packages are kept on disk for all workers.

Once in a while a batch pays some milliseconds for loading a package; compiling itself is for the other process.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gridgrad_worker.engines.compiled.__main__ import EXIT_MOMENTARY
from gridgrad_worker.engines.compiled.codegen.build import NAME, digest_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.compile_process import CompileProcess
from gridgrad_worker.engines.compiled.compiler import Compilation
from gridgrad_worker.engines.compiled.lock import CacheLock
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.runtime.crash_marks import CrashMarks, discard_fatal
from gridgrad_worker.engines.compiled.tier import Hotness, Tier
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.cache import Cache, CompiledPackage
from gridgrad_worker.native.cache_dir import UnusableError, open_directory, place
from gridgrad_worker.native.errors import (
    CannotCompileError,
    MomentaryTroubleError,
    NothingToCompileWithError,
    is_momentary,
)
from gridgrad_worker.native.march import unsupported
from gridgrad_worker.native.toolchain import compiler_version

__all__ = ["CpuCompiler", "CpuTierSettings", "open_cpu_tier"]

_log = logging.getLogger(__name__)


class CpuTierSettings(NamedTuple):
    """What an operator may change.

    Args:
        hot_points: how many points of an expression are computed before it is compiled.
        hot_pieces: or how many tiles of it.
        cache_bytes: how much the packages on disk may take.
        compile_timeout_s: seconds after which a compilation is given up.
        root: the cache's directory; None for that of the environment.
    """

    hot_points: int = 1 << 21
    hot_pieces: int = 50
    cache_bytes: int = 1 << 29
    compile_timeout_s: float = 600.0
    root: Path | None = None


_DEFAULTS = CpuTierSettings()

_Start = Callable[[CompileJob, Cache, float], CompileProcess]


def open_cpu_tier(settings: CpuTierSettings = _DEFAULTS, start: _Start = CompileProcess) -> Tier:
    """The compiled tier of a worker on the processor.

    Args:
        settings: of the operator.
        start: starts a compile process.
    """
    return Tier(CpuCompiler(settings, start), Hotness(settings.hot_points, settings.hot_pieces))


class CpuCompiler:
    """Has packages made by compile processes, and loads them.

    Args:
        settings: of the operator.
        start: starts a compile process.
    """

    def __init__(self, settings: CpuTierSettings = _DEFAULTS, start: _Start = CompileProcess) -> None:
        self._settings = settings
        self._start = start
        self._cache: Cache | None = None
        self._unusable: Exception = UnusableError("it is closed")
        self._resources = contextlib.ExitStack()
        compiler_version()  # asked for now, and not when the first batch waits
        self._open()

    def find(self, job: CompileJob, direct: StructuredEngine) -> CompiledEngine | None:
        """The package of a job, loaded, if a good one is on disk.

        Raises:
            CannotCompileError: it says that there can be none.
        """
        package = self._cache.find(job.key()) if self._cache is not None else None
        if package is None:
            return None
        if package.refused:
            raise CannotCompileError(package.refused)
        try:
            return self._load(job, direct, package)
        except (RuntimeError, OSError, KeyError, AttributeError) as error:
            self._discard(job.key(), error)
            return None

    def acquire(self) -> bool:
        """Whether this worker may compile now, and no other one that shares the cache."""
        return self._cache is None or self._lock.acquire()

    def release(self) -> None:
        """Lets others compile."""
        if self._cache is not None:
            self._lock.release()

    def start(self, job: CompileJob, direct: StructuredEngine) -> Compilation:
        """Starts a compile process.

        Raises:
            MomentaryTroubleError: there may be a place, or a process, in another moment.
            NothingToCompileWithError: there is no compiler, or no place for what it makes.
        """
        if self._cache is None and _passes(self._unusable):
            self._open()
        if self._cache is None:
            raise _lack(self._unusable)
        if compiler_version() is None:
            raise NothingToCompileWithError("there is no C++ compiler; install g++, or set CXX")
        try:
            process = self._start(job, self._cache, self._settings.compile_timeout_s)
        except OSError as error:
            raise _lack(error) from error
        return _CpuCompilation(self, process, job, direct)

    def close(self) -> None:
        """Leaves nothing behind."""
        self._cache = None
        self._resources.close()

    def _open(self) -> None:
        """Opens the cache, or remembers why it can't."""
        try:
            if unsupported():
                raise UnusableError(unsupported())
            self._open_cache(self._settings.root or place())
        except (UnusableError, OSError) as error:
            self._resources.close()
            self._unusable = error

    def _open_cache(self, directory: Path) -> None:
        root = open_directory(directory)
        cache = Cache(root, self._settings.cache_bytes)
        cache.sweep()
        for key in discard_fatal(cache):
            _log.warning("a worker died in the compiled code of %s, which is discarded", key[:12])
        self._lock = self._resources.enter_context(contextlib.closing(CacheLock(root)))
        self._marks = self._resources.enter_context(contextlib.closing(CrashMarks(root)))
        self._cache = cache

    def _load(self, job: CompileJob, direct: StructuredEngine, package: CompiledPackage) -> CompiledEngine:
        if package.layout != digest_of(direct):
            raise RuntimeError("it was made for another plan")
        return engine_of(job, direct, package.libraries[NAME], self._marks.of(job.key()))

    def _discard(self, key: str, error: Exception) -> None:
        _log.info("the package of %s is stale and will be replaced: %s", key[:12], error)
        with contextlib.suppress(OSError):
            if self._cache is not None:
                self._cache.discard(key)


def _passes(error: Exception) -> bool:
    return is_momentary(error) or is_momentary(error.__cause__)


def _lack(error: Exception) -> CannotCompileError:
    return MomentaryTroubleError(str(error)) if _passes(error) else NothingToCompileWithError(str(error))


class _CpuCompilation:
    """A compile process and what it was started for."""

    def __init__(
        self, compiler: CpuCompiler, process: CompileProcess, job: CompileJob, direct: StructuredEngine
    ) -> None:
        self._compiler, self._process = compiler, process
        self._job, self._direct = job, direct
        self._status: int | None = None

    @property
    def is_running(self) -> bool:
        self._status = self._process.poll()
        return self._status is None

    def code(self) -> CompiledEngine:
        """Loads what was made."""
        found = None if self._status else self._compiler.find(self._job, self._direct)
        if found is None:
            raise self._failure(self._status or 0)
        return found

    def _failure(self, status: int) -> CannotCompileError:
        said = self._process.said or f"the compilation ended with status {status}"
        was_killed = status < 0 and not self._process.was_given_up
        return MomentaryTroubleError(said) if was_killed or status == EXIT_MOMENTARY else CannotCompileError(said)

    def end(self) -> None:
        self._process.end()
