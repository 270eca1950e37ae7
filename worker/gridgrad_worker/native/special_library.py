"""The library of special functions: Boost.Math's and xsf's, compiled once for this processor and kept in the cache.

Formulas that are compiled are linked with its objects, and so have the same bits as the direct tier, which calls it
over arrays. What includes their headers is compiled here and nowhere else.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.resources
import json
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gridgrad_worker.native.cache import Cache
from gridgrad_worker.native.cache_dir import UnusableError, open_directory, place
from gridgrad_worker.native.errors import NothingToCompileWithError
from gridgrad_worker.native.march import processor_flags, unsupported
from gridgrad_worker.native.run_compiler import run_all
from gridgrad_worker.native.toolchain import compiler_flags, find_compiler

__all__ = ["OBJECTS", "SHARED", "LibraryFiles", "keep_library", "library_files"]

SHARED = "special.so"
"""The name of the library that is loaded."""

OBJECTS = "special.o"
"""The name of what formulas are linked with."""

_PACKAGE = Path(str(importlib.resources.files("gridgrad_worker")))
_CPP = _PACKAGE / "native" / "cpp"
_SOURCES = [file for file in sorted(_CPP.glob("*.cpp")) if file.stem != "over_arrays"]
_BOOST = _PACKAGE / "third_party" / "boost_math"
_XSF = _PACKAGE / "third_party" / "xsf"
_FLAGS = ("-DNDEBUG", "-DBOOST_MATH_STANDALONE", "-DBOOST_MATH_NO_EXCEPTIONS", "-ffunction-sections")
_MOST_BYTES = 1 << 62  # of the cache: what it may take is for who fills it


class LibraryFiles(NamedTuple):
    """The library on disk.

    Args:
        shared: to be loaded.
        objects: to be linked with.
    """

    shared: Path
    objects: Path


@contextlib.contextmanager
def library_files() -> Iterator[LibraryFiles]:
    """The library for as long as its files are needed; compiled if it is not in the cache, which takes seconds.

    Raises:
        CannotCompileError: there is no compiler, or it can't compile it; the message says what to do.
        OSError: the disk has no room.
    """
    try:
        cache = Cache(open_directory(place()), _MOST_BYTES)
    except UnusableError:
        with tempfile.TemporaryDirectory() as folder:
            yield _built(Path(folder))
        return
    yield _found(cache) or _kept(cache)


def keep_library() -> None:
    """Has it be in the cache, if there can be one.

    Raises:
        CannotCompileError: as above.
        OSError: as above.
    """
    with contextlib.suppress(UnusableError):
        cache = Cache(open_directory(place()), _MOST_BYTES)
        if _found(cache) is None:
            _kept(cache)


def _found(cache: Cache) -> LibraryFiles | None:
    package = cache.find(_key())
    if package is None or package.libraries.keys() != {SHARED, OBJECTS}:
        return None
    return LibraryFiles(package.libraries[SHARED], package.libraries[OBJECTS])


def _kept(cache: Cache) -> LibraryFiles:
    with cache.workplace() as folder:
        cache.keep(_key(), _built(folder), "")
    found = _found(cache)
    if found is None:
        raise OSError(f"{cache.root} does not keep what is written to it")
    return found


def _built(folder: Path) -> LibraryFiles:
    compiler = find_compiler()
    if compiler is None:
        raise NothingToCompileWithError("there is no C++ compiler; install g++, or set CXX")
    if unsupported():
        raise NothingToCompileWithError(unsupported())
    files = LibraryFiles(folder / SHARED, folder / OBJECTS)
    command = [compiler, *compiler_flags(), *_FLAGS, f"-isystem{_BOOST}", f"-isystem{_XSF}"]
    parts = [folder / f"{source.stem}.o" for source in _SOURCES]
    run_all([[*command, "-c", str(source), "-o", str(to)] for source, to in zip(_SOURCES, parts, strict=True)])
    run_all([[compiler, "-nostdlib", "-r", *map(str, parts), "-o", str(files.objects)]])
    run_all([[*command, str(_CPP / "over_arrays.cpp"), str(files.objects), "-o", str(files.shared)]])
    return files


def _key() -> str:
    """What it is kept under: SHA-256, hex, of all that decides what is in it but for the compiler."""
    made_for = [platform.machine(), *sorted(processor_flags()), *compiler_flags(), *_FLAGS]
    return hashlib.sha256(json.dumps([_sources(), made_for]).encode()).hexdigest()


@functools.cache
def _sources() -> str:
    digest = hashlib.sha256()
    for file in [*sorted(_CPP.iterdir()), *sorted((_BOOST / "boost").rglob("*.?pp")), *sorted(_XSF.rglob("*.h"))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
