"""Compiles a job: its plans as one C++ source, made into a shared library."""

from __future__ import annotations

import hashlib
import importlib.resources
import subprocess
from pathlib import Path

import torch

from gridgrad_worker.engines.compiled.codegen import wire_tags
from gridgrad_worker.engines.compiled.codegen.cpp_functions import CppFunctions
from gridgrad_worker.engines.compiled.codegen.emit import plan_class
from gridgrad_worker.engines.compiled.codegen.errors import CannotCompileError, NothingToCompileWithError
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.codegen.march import unsupported
from gridgrad_worker.engines.compiled.codegen.toolchain import compiler_flags, find_compiler
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine

__all__ = ["NAME", "build", "digest_of", "source_of"]

NAME = "grid.so"
"""The library of a package."""

_CPP = Path(str(importlib.resources.files("gridgrad_worker.engines.compiled") / "cpp"))
_TORCH = Path(torch.__file__).parent


def source_of(job: CompileJob, engine: StructuredEngine) -> str:
    """The C++ of a job.

    Args:
        job: what to compile.
        engine: the direct tier of it.

    Raises:
        CannotCompileError: it comes down to something that has no form in C++.
    """
    functions = CppFunctions(job.torch_dtype)
    plans = plan_class("SeparatedPlan", engine.plan, engine.guard, functions)
    plans += (
        plan_class("PlainPlan", engine.plain_plan, None, functions)
        if engine.guard
        else "typedef SeparatedPlan PlainPlan;\n"
    )
    return "\n".join(
        [
            f"typedef {'double' if job.dtype == 'float64' else 'float'} Real;",
            wire_tags.definitions(),
            f"constexpr int DIMS = {max(job.ndim, 1)}, INPUTS = {max(len(job.names), 1)};",
            '#include "special.h"' if functions.special else '#include "functions.h"',
            '#include "windows.h"',
            *functions.definitions,
            plans,
            '#include "tiles.h"',
            '#include "request_template.h"',
        ]
    )


def digest_of(engine: StructuredEngine) -> str:
    """What a package and its caller must agree on, SHA-256, hex."""
    said = (engine.plan, engine.plain_plan, engine.guard.kinds if engine.guard else None)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def build(source: str, directory: Path) -> Path:
    """Compiles, and returns the library.

    Args:
        source: from `source_of`.
        directory: where to put the library and what comes about beside it.

    Raises:
        CannotCompileError: the compiler refuses.
        NothingToCompileWithError: there is no compiler here, no headers of torch, or no such processor as asked for.
    """
    text, library = directory / "grid.cpp", directory / NAME
    text.write_text(source)
    compiler = find_compiler()
    if compiler is None:
        raise NothingToCompileWithError("there is no C++ compiler; install g++, or set CXX")
    if not (_TORCH / "include" / "sleef.h").exists():
        raise NothingToCompileWithError("this torch is without its C++ headers; install one of its own wheels")
    if unsupported():
        raise NothingToCompileWithError(unsupported())
    places = [f"-I{_CPP}", f"-isystem{_TORCH / 'include'}", f"-L{_TORCH / 'lib'}", "-ltorch_cpu", "-lc10"]
    command = [compiler, *compiler_flags(), str(text), "-o", str(library), *places]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no word of a request
    if done.returncode:
        raise CannotCompileError(f"the compiler refuses it: {_first_error(done.stderr)}")
    return library


def _first_error(said: str) -> str:
    return next((line for line in said.splitlines() if "error" in line), said[:200])
