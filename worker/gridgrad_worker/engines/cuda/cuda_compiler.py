"""Compiles for a GPU: kernels, made by NVRTC in a thread and kept in memory.

Invariants:
* Only the worker's own thread calls the GPU: it loads what was compiled, between two batches.
* The compiler runs beside the worker's thread, without Python's lock.
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
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.compiler import Compilation
from gridgrad_worker.engines.compiled.verification.verify import VerificationError, verify
from gridgrad_worker.engines.cuda.cuda_engine import CudaEngine, KernelRunner
from gridgrad_worker.engines.cuda.source import Source, write_source
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.errors import CannotCompileError

__all__ = ["CompileKernels", "CudaCompiler", "LoadKernels"]

_log = logging.getLogger(__name__)

_NICENESS = 10

CompileKernels = Callable[[str], bytes]
"""Compiles CUDA; called in a thread of its own."""

LoadKernels = Callable[[bytes, Sequence[str]], KernelRunner]
"""Makes what was compiled ready to run, given the names of its kernels."""


class CudaCompiler:
    """Has kernels made in a thread, and loads them.

    Args:
        device: computed on.
        compile_: compiles CUDA.
        load: makes what was compiled ready to run.
    """

    def __init__(self, device: Device, compile_: CompileKernels, load: LoadKernels) -> None:
        self._device = device
        self._compile = compile_
        self._load = load

    def find(self, job: CompileJob, direct: StructuredEngine) -> None:
        """Nothing: kernels are not kept."""

    def acquire(self) -> bool:
        """Always: each worker has a GPU and kernels of its own."""
        return True

    def release(self) -> None:
        """Nothing."""

    def start(self, job: CompileJob, direct: StructuredEngine) -> Compilation:
        """Starts to write and compile the kernels of an expression."""
        compilation = _CudaCompilation(job, direct, self._compile, self._engine)
        compilation.thread.start()
        return compilation

    def close(self) -> None:
        """Nothing: the thread ends with the process."""

    def _engine(self, job: CompileJob, direct: StructuredEngine, source: Source, code: bytes) -> CudaEngine:
        """Loads kernels, and compares them with the direct tier.

        Raises:
            CannotCompileError: they can't be loaded, or compute something else.
        """
        try:
            run = self._load(code, source.names)
            engine = CudaEngine(direct.plan, source, run, len(job.names), job.torch_dtype, self._device)
            verify(job, direct, engine.compute)
        except (DriverError, VerificationError, OSError) as error:
            raise CannotCompileError(str(error)) from error
        return engine


class _CudaCompilation:
    """Kernels that are written and compiled; never waited for, not even by the end of the process."""

    def __init__(
        self,
        job: CompileJob,
        direct: StructuredEngine,
        compile_: CompileKernels,
        engine: Callable[[CompileJob, StructuredEngine, Source, bytes], CudaEngine],
    ) -> None:
        self.thread = threading.Thread(target=self._run, name="compiler", daemon=True)
        self._job, self._direct = job, direct
        self._compile, self._engine = compile_, engine
        self._made: tuple[Source, bytes] | None = None
        self._failure = CannotCompileError("the compilation was abandoned")

    @property
    def is_running(self) -> bool:
        return self.thread.is_alive()

    def code(self) -> CudaEngine:
        if self._made is None:
            raise self._failure
        return self._engine(self._job, self._direct, *self._made)

    def end(self) -> None:
        """Leaves it alone: nothing can end a thread, and the process does not wait for it."""

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        try:
            source = write_source(self._direct.plan, len(self._job.names), self._job.torch_dtype)
            self._made = source, self._compile(source.text)
        except CannotCompileError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - a defect here must not end the worker
            _log.exception("the kernels of an expression can't be written")
            self._failure = CannotCompileError(f"{type(error).__name__}: {error}")
