"""The compiled tier of a worker on a GPU: kernels, compiled in a thread and kept in memory.

Invariants:
* Only the worker's own thread calls the GPU: it loads what was compiled, between two batches.
* One expression is compiled at a time. The compiler runs beside the worker's thread, without Python's lock.
* Code is compared with the direct tier before it is trusted.

The compiler takes from some tenths of a second to a few seconds, as long as it would take to look after files
of code that depend on the GPU, the driver and the compiler: there is no cache, and a restarted worker compiles
again what it meets again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Sequence

from gridgrad_worker.devices.device import Device
from gridgrad_worker.devices.driver import DriverError
from gridgrad_worker.engines.compiled.codegen.job import Order
from gridgrad_worker.engines.compiled.codegen.torch_recorder import CannotCompileError
from gridgrad_worker.engines.compiled.tiers import State
from gridgrad_worker.engines.compiled.verify import VerificationError, verify
from gridgrad_worker.engines.cuda.cuda_engine import CudaEngine, Run
from gridgrad_worker.engines.cuda.nvrtc import CompileError
from gridgrad_worker.engines.cuda.source import Source, write_source
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine

__all__ = ["CudaTier"]

_log = logging.getLogger(__name__)

_HOT_POINTS = 1 << 17
_HOT_PIECES = 2
"""Few, since compiling costs little."""

_NICENESS = 10


class _Hot:
    """What is known of one expression."""

    def __init__(self, order: Order, direct: StructuredEngine) -> None:
        self.order = order
        self.direct = direct
        self.points = self.pieces = 0
        self.users = 0
        self.engine: CudaEngine | None = None
        self.given_up = ""

    @property
    def is_settled(self) -> bool:
        return self.engine is not None or bool(self.given_up)


class _Compilation(threading.Thread):
    """Writes and compiles the kernels of an expression; never waited for, not even by the end of the process."""

    def __init__(self, hot: _Hot, compile_: Callable[[str], bytes]) -> None:
        super().__init__(name="compiler", daemon=True)
        self.hot = hot
        self._compile = compile_
        self.made: tuple[Source, bytes] | None = None
        self.failure = ""

    def run(self) -> None:
        """Compiles."""
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        order = self.hot.order
        try:
            source = write_source(self.hot.direct.plan, len(order.names), order.torch_dtype)
            self.made = source, self._compile(source.text)
        except (CannotCompileError, CompileError) as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - a defect here must not end the worker
            _log.exception("the kernels of an expression can't be written")
            self.failure = f"{type(error).__name__}: {error}"


class CudaTier:
    """Has kernels made and keeps them.

    Args:
        device: computed on.
        compile_: compiles CUDA; called in a thread of its own.
        load: makes what was compiled ready to run, given the names of its kernels.
    """

    def __init__(
        self, device: Device, compile_: Callable[[str], bytes], load: Callable[[bytes, Sequence[str]], Run]
    ) -> None:
        self._device = device
        self._compile = compile_
        self._load = load
        self._known: dict[str, _Hot] = {}
        self._waiting: dict[str, _Hot] = {}
        self._compilation: _Compilation | None = None

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
        """Drops an expression that was added once, and its kernels with it."""
        hot = self._known[key]
        hot.users -= 1
        if not hot.users:
            del self._known[key]
            self._waiting.pop(key, None)

    @property
    def is_waiting(self) -> bool:
        """Whether anything is being compiled or waits for it, so that `attend` has something to do."""
        return self._compilation is not None or bool(self._waiting)

    def attend(self) -> None:
        """Takes in what has been compiled, and has the next one compiled. Never waits."""
        if self._compilation is not None:
            if self._compilation.is_alive():
                return
            compilation, self._compilation = self._compilation, None
            if compilation.hot.users:
                self._take_in(compilation)
        while self._waiting and self._compilation is None:
            hot = self._waiting.pop(next(iter(self._waiting)))
            if not hot.is_settled:
                self._compilation = _Compilation(hot, self._compile)
                self._compilation.start()

    def state(self, key: str) -> State:
        """Whether there is compiled code of an expression, as far as is known by now."""
        hot = self._known[key]
        if hot.engine is not None:
            return State("ready")
        return State("never", hot.given_up) if hot.given_up else State("pending")

    def lookup(self, key: str) -> CudaEngine | None:
        """The kernels of an expression, if they are ready; to be called between batches."""
        if self._known[key].engine is None:
            self.attend()
        return self._known[key].engine

    def note(self, key: str, points: int, pieces: int = 1) -> None:
        """Counts what was computed by the direct tier; when it is enough, the expression is compiled."""
        hot = self._known[key]
        hot.points += points
        hot.pieces += pieces
        if hot.points >= _HOT_POINTS or hot.pieces >= _HOT_PIECES:
            self.prepare(key)

    def prepare(self, key: str) -> None:
        """Asks for an expression to be compiled, if it is not yet and can be."""
        hot = self._known[key]
        being_compiled = self._compilation is not None and self._compilation.hot is hot
        if not hot.is_settled and not being_compiled:
            self._waiting[key] = hot
            self.attend()

    def close(self) -> None:
        """Starts nothing more."""
        self._waiting.clear()

    def _take_in(self, compilation: _Compilation) -> None:
        hot = compilation.hot
        if compilation.made is None:
            hot.given_up = compilation.failure
        else:
            source, code = compilation.made
            order = hot.order
            try:
                run = self._load(code, source.names)
                made = CudaEngine(hot.direct.plan, source, run, len(order.names), order.torch_dtype, self._device)
                verify(order, hot.direct, made)
                hot.engine = made
            except (DriverError, VerificationError, OSError) as error:
                hot.given_up = str(error)
        if hot.given_up:
            _log.warning("not compiled, so computed more slowly: %s", hot.given_up)
        else:
            _log.info("kernels of %s are in use", hot.order.key()[:12])
