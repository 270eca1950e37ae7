"""Makes a package: compiles, verifies, keeps."""

from __future__ import annotations

from pathlib import Path

from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.compiled.codegen.build import build, digest_of, source_of
from gridgrad_worker.engines.compiled.codegen.cpp_functions import count_arrays
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.runtime.crash_marks import CrashMark
from gridgrad_worker.engines.compiled.runtime.library import Library
from gridgrad_worker.engines.compiled.verification.verify import VerificationError, verify
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.cache import Cache
from gridgrad_worker.native.errors import (
    CannotCompileError,
    MomentaryTroubleError,
    NothingToCompileWithError,
)
from gridgrad_worker.torch_ops.lookups import sample_tables

__all__ = ["engine_of", "make"]

_THREADS = 2


def make(job: CompileJob, root: Path, cache_bytes: int, workplace: Path) -> str:
    """Puts the package of a job into the cache.

    Args:
        job: what to compile.
        root: the cache's directory.
        cache_bytes: how much it may take.
        workplace: a directory to compile in.

    Returns:
        Why there can be none; empty if there is one.

    Raises:
        MomentaryTroubleError: there may be one in another moment.
        OSError: as above, or the cache can't be written.
    """
    cache = Cache(root, cache_bytes)
    device = open_device(job.device, _THREADS)
    tables = sample_tables(job.tables, job.torch_dtype)
    direct = StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, device, tables)
    try:
        library = build(source_of(job, direct), workplace)
        modes = [engine_of(job, direct, library, separating=mode) for mode in {direct.guard is not None, False}]
        verify(job, direct, *[each.compute for each in modes])
    except NothingToCompileWithError as error:
        return str(error)
    except MomentaryTroubleError:
        raise
    except (CannotCompileError, VerificationError) as error:
        cache.refuse(job.key(), str(error), job.owner)
        return str(error)
    cache.keep(job.key(), [library], digest_of(direct), job.owner)
    return ""


def engine_of(
    job: CompileJob,
    direct: StructuredEngine,
    library: Path,
    mark: CrashMark | None = None,
    *,
    separating: bool = True,
) -> CompiledEngine:
    """A library, ready to compute.

    Raises:
        OSError: it is no library.
        AttributeError: it is not one of ours.
    """
    loaded = Library(library, len(job.names) + count_arrays(job.tables), job.ndim)
    return CompiledEngine(direct, loaded, job.dims, job.ndim, mark, separating=separating)
