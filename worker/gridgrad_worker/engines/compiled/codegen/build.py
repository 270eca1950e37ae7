"""Compiles a job: its plans as one C++ source, made into a shared library."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.resources
import os
from pathlib import Path
from typing import NamedTuple

import torch

from gridgrad_worker.engines.compiled.codegen import wire_tags
from gridgrad_worker.engines.compiled.codegen.cpp_functions import CppFunctions, TableReader, count_arrays
from gridgrad_worker.engines.compiled.codegen.emit import plan_class
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.errors import NothingToCompileWithError
from gridgrad_worker.native.march import unsupported
from gridgrad_worker.native.run_compiler import run_all
from gridgrad_worker.native.special_library import library_files
from gridgrad_worker.native.toolchain import compiler_flags, find_compiler

__all__ = ["INCLUDED", "NAME", "CppSource", "build", "digest_of", "source_of"]

NAME = "grid.so"
"""The library of a package."""

_CPP = Path(str(importlib.resources.files("gridgrad_worker.engines.compiled") / "cpp"))
_TORCH = Path(torch.__file__).parent
_LIBRARY = Path(str(importlib.resources.files("gridgrad_worker.native") / "cpp"))
INCLUDED = (f"-I{_CPP}", f"-I{_LIBRARY}", f"-isystem{_TORCH / 'include'}")
"""Where the compiler finds what generated code includes."""

_AT_ONCE = min(2, os.cpu_count() or 1)
"""Pieces that are compiled at the same time: each takes some 150 MB."""

_REST, _APART = 150_000, 90_000
"""Characters of functions that take as long as what every program has, and as what may stand apart from that."""

_FORM = 3
"""Counted up when what is made of one plan becomes another: packages of before are no longer used."""

_RUN_PLAIN = "template int64_t run_tile<PlainPlan>(const Tile&, Scratch&, int, bool);"


class CppSource(NamedTuple):
    """C++ that is compiled in one piece or in several, at the same time.

    Args:
        declared: what each piece begins with.
        functions: long functions, each of which may stand in any of the pieces.
        rest: what ends one of them.
        library: whether it is linked with the library of special functions.
        apart: what another piece has, where there is one; else the rest makes it for itself.
        instead: what the rest then begins with.
    """

    declared: str
    functions: tuple[str, ...]
    rest: str
    library: bool = False
    apart: str = ""
    instead: str = ""

    @property
    def text(self) -> str:
        """All of it in one piece."""
        return self.pieces(1)[0]

    def pieces(self, most: int) -> list[str]:
        """So many pieces at most, of about the same length; the first has the rest."""
        count = max(1, min(most, 1 + len(self.functions)))
        pieces = [[self.declared] for _ in range(count)]
        lengths = [_REST, *[0] * (count - 1)]
        if count > 1 and self.apart:
            pieces[1].append(self.apart)
            lengths[1] = _APART
            pieces[0].append(self.instead)
        for function in sorted(self.functions, key=len, reverse=True):
            shortest = lengths.index(min(lengths))
            pieces[shortest].append(function)
            lengths[shortest] += len(function)
        pieces[0].append(self.rest)
        return ["\n".join(piece) for piece in pieces]


def source_of(job: CompileJob, engine: StructuredEngine) -> CppSource:
    """The C++ of a job.

    Args:
        job: what to compile.
        engine: the direct tier of it.

    Raises:
        CannotCompileError: it comes down to something that has no form in C++.
    """
    tables = TableReader(job.tables, len(job.names))
    functions = CppFunctions(job.torch_dtype, tables=tables)
    plans = [plan_class("SeparatedPlan", engine.plan, engine.guard, functions, tables)]
    if engine.guard:
        plans.append(plan_class("PlainPlan", engine.plain_plan, None, functions, tables))
    declared = [
        f"typedef {'double' if job.dtype == 'float64' else 'float'} Real;",
        wire_tags.definitions(),
        f"constexpr int DIMS = {max(job.ndim, 1)}, INPUTS = {max(len(job.names) + count_arrays(job.tables), 1)};",
        '#include "special.h"' if functions.special else '#include "functions.h"',
        '#include "library.h"' if functions.library else "",
        '#include "windows.h"',
        '#include "lookups.h"' if job.tables else "",
        *functions.definitions,
        *(plan.declared for plan in plans),
        "" if engine.guard else "typedef SeparatedPlan PlainPlan;",
    ]
    rest = ['#include "tiles.h"', '#include "lanes.h"', ""]
    long = tuple(each for plan in plans for each in plan.functions)
    apart, instead = (f'#include "run_tile.h"\n{kind}{_RUN_PLAIN}\n' for kind in ("", "extern "))
    beside = (apart, instead) if engine.guard else ("", "")
    return CppSource("\n".join(declared), long, "\n".join(rest), bool(functions.library), *beside)


def digest_of(engine: StructuredEngine) -> str:
    """What a package and its caller must agree on, SHA-256, hex."""
    said = (_FORM, engine.plan, engine.plain_plan, engine.guard.kinds if engine.guard else None)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def build(source: CppSource, directory: Path) -> Path:
    """Compiles, and returns the library.

    Args:
        source: from `source_of`.
        directory: where to put the library and what comes about beside it.

    Raises:
        CannotCompileError: the compiler refuses.
        MomentaryTroubleError: it was killed, or has no room; in another moment it may not be.
        NothingToCompileWithError: there is no compiler here, no headers of torch, or no such processor as asked for.
    """
    compiler = find_compiler()
    if compiler is None:
        raise NothingToCompileWithError("there is no C++ compiler; install g++, or set CXX")
    if not (_TORCH / "include" / "sleef.h").exists():
        raise NothingToCompileWithError("this torch is without its C++ headers; install one of its own wheels")
    if unsupported():
        raise NothingToCompileWithError(unsupported())
    library, command = directory / NAME, [compiler, *compiler_flags()]
    made = [_piece(text, directory / f"grid{n}.cpp") for n, text in enumerate(source.pieces(_AT_ONCE))]
    with library_files() if source.library else contextlib.nullcontext() as files:
        linked = [str(files.objects), "-Wl,--gc-sections"] if files else []
        places = [*linked, f"-L{_TORCH / 'lib'}", "-ltorch_cpu", "-lc10"]
        if len(made) > 1:
            run_all([[*command, "-c", str(each), "-o", f"{each}.o", *INCLUDED] for each in made])
            run_all([[*command, *(f"{each}.o" for each in made), "-o", str(library), *places]])
        else:
            run_all([[*command, str(made[0]), "-o", str(library), *INCLUDED, *places]])
    return library


def _piece(text: str, file: Path) -> Path:
    file.write_text(text)
    return file
