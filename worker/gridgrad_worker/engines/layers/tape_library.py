"""The library that runs tapes: compiled once for this processor and kept in the cache, in either dtype."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.resources
import json
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.engines.layers.tape import CPP, Tape
from gridgrad_worker.native.cache import Cache
from gridgrad_worker.native.cache_dir import UnusableError, open_directory, place
from gridgrad_worker.native.errors import NothingToCompileWithError
from gridgrad_worker.native.march import processor_flags, unsupported
from gridgrad_worker.native.run_compiler import run_all
from gridgrad_worker.native.toolchain import compiler_flags, find_compiler

__all__ = ["TapeRunner", "tape_runner"]

_SHARED = "tape.so"
_VECTORS = Path(str(importlib.resources.files("gridgrad_worker.engines.compiled") / "cpp"))
_TORCH = Path(torch.__file__).parent
_MOST_BYTES = 1 << 62  # of the cache: what it may take is for who fills it
_REALS = {torch.float64: "double", torch.float32: "float"}


class TapeRunner:
    """A tape, ready to run.

    Args:
        library: runs it.
        tape: it.
        dtype: of inputs and results.
    """

    def __init__(self, library: ctypes.CDLL, tape: Tape, dtype: torch.dtype) -> None:
        self._run = library.run_tape
        self._run.restype = ctypes.c_int64
        self._tape, self._dtype = tape, dtype
        self._numbers = torch.from_numpy(tape.numbers).to(dtype)

    def __call__(self, arguments: Sequence[Tensor], points: int) -> Sequence[Tensor]:
        """The planes of results, [points] each.

        Args:
            arguments: for each input [points], or of no dims where it is the same at all.
            points: how many.

        Raises:
            MemoryError: there is none for its rows.
        """
        tape = self._tape
        result = torch.empty(len(tape.results), points, dtype=self._dtype)
        given = [each.contiguous() for each in arguments]
        inputs = (ctypes.c_void_p * len(given))(*[each.data_ptr() for each in given])
        steps = np.array([int(each.dim() > 0) for each in given], np.int64)
        instructions, refs = _address(tape.instructions), _address(tape.refs)
        stepped, results = _address(steps), _address(tape.results)
        count, planes, rows = map(ctypes.c_int64, (len(tape.instructions), len(tape.results), tape.rows))
        sizes = map(ctypes.c_int64, (tape.deepest, torch.get_num_threads()))
        numbers, to = ctypes.c_void_p(self._numbers.data_ptr()), ctypes.c_void_p(result.data_ptr())
        before = instructions, count, refs, numbers, inputs, stepped, ctypes.c_int64(len(given))
        if not self._run(*before, results, planes, to, ctypes.c_int64(points), rows, *sizes):
            raise MemoryError("no memory for the rows of a tile")
        return result.unbind()


def tape_runner(tape: Tape, dtype: torch.dtype) -> TapeRunner:
    """A tape, ready to run; the first takes seconds where the cache has no library for it.

    Raises:
        CannotCompileError: there is no compiler, or it can't compile the library; the message says what to do.
        OSError: the disk has no room.
    """
    return TapeRunner(_library(dtype), tape, dtype)


@functools.cache
def _library(dtype: torch.dtype) -> ctypes.CDLL:
    try:
        cache = Cache(open_directory(place()), _MOST_BYTES)
    except UnusableError:
        with tempfile.TemporaryDirectory() as folder:
            return ctypes.CDLL(str(_built(Path(folder), dtype)))
    found = _found(cache, dtype)
    if found is None:
        with cache.workplace() as folder:
            cache.keep(_key(dtype), [_built(folder, dtype)], "")
        found = _found(cache, dtype)
    if found is None:
        raise OSError(f"{cache.root} does not keep what is written to it")
    return ctypes.CDLL(str(found))


def _found(cache: Cache, dtype: torch.dtype) -> Path | None:
    package = cache.find(_key(dtype))
    return package.libraries.get(_SHARED) if package else None


def _built(folder: Path, dtype: torch.dtype) -> Path:
    compiler = find_compiler()
    if compiler is None:
        raise NothingToCompileWithError("there is no C++ compiler; install g++, or set CXX")
    if not (_TORCH / "include" / "sleef.h").exists():
        raise NothingToCompileWithError("this torch is without its C++ headers; install one of its own wheels")
    if unsupported():
        raise NothingToCompileWithError(unsupported())
    shared = folder / _SHARED
    command = [compiler, *compiler_flags(), f"-DREAL={_REALS[dtype]}", str(CPP / "tape.cpp"), f"-I{_VECTORS}"]
    linked = ["-isystem", str(_TORCH / "include"), f"-L{_TORCH / 'lib'}", "-ltorch_cpu", "-lc10"]
    run_all([[*command, *linked, "-o", str(shared)]])
    return shared


def _key(dtype: torch.dtype) -> str:
    """What it is kept under: SHA-256, hex, of all that decides what is in it but for the compiler."""
    made_for = [platform.machine(), *sorted(processor_flags()), *compiler_flags(), _REALS[dtype], torch.__version__]
    return hashlib.sha256(json.dumps([_sources(), made_for]).encode()).hexdigest()


@functools.cache
def _sources() -> str:
    digest = hashlib.sha256()
    for file in [*sorted(CPP.iterdir()), *sorted(_VECTORS.iterdir())]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _address(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
