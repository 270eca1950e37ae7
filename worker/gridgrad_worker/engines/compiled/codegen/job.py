"""Jobs: what to compile, and the key that it is kept under."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from typing import NamedTuple

import torch

from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program
from gridgrad_core.version import __version__
from gridgrad_worker.engines.compiled.codegen import wire_tags
from gridgrad_worker.native.cache import NOBODY, CacheOwner
from gridgrad_worker.native.march import processor_flags
from gridgrad_worker.native.toolchain import compiler_flags

__all__ = ["PACKAGE_FORMAT", "CompileJob", "SeenNumbers"]

PACKAGE_FORMAT = 15
"""Raised when the code that calls packages, or what they do, changes: packages of another one are not found."""


class SeenNumbers(NamedTuple):
    """Some of the numbers that a caller has asked for: a small grid of them.

    Args:
        lengths: of the grid.
        inputs: for each input its numbers, in C order of its own dims.
    """

    lengths: tuple[int, ...]
    inputs: tuple[tuple[float, ...], ...]


class CompileJob(NamedTuple):
    """A derived program, as data: nothing in it names a place or is code.

    Args:
        text: the canonical text of the expression.
        names: of the inputs, in the order of tiles.
        dims: for each input, the dims of the grid that it has.
        ndim: how many dims the grid has.
        wanted: the derivatives in the order of the results, the value () first, by positions of inputs.
        dtype: "float32" or "float64".
        device: "cpu" or "cuda:<index>".
        seen: where it was computed lately, to compare there too; no part of what it is.
        tables: that the expression calls, but for their numbers.
        bound: the digest of these numbers; no part of what is compiled.
        owner: who asks for it; no part of what it is.
    """

    text: str
    names: tuple[str, ...]
    dims: tuple[tuple[int, ...], ...]
    ndim: int
    wanted: tuple[tuple[int, ...], ...]
    dtype: str
    device: str
    seen: SeenNumbers | None = None
    tables: tuple[TableSpec, ...] = ()
    bound: str = ""
    owner: CacheOwner = NOBODY

    @property
    def torch_dtype(self) -> torch.dtype:
        """Computed in."""
        return {"float32": torch.float32, "float64": torch.float64}[self.dtype]

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """The dims of each input, by name."""
        return dict(zip(self.names, self.dims, strict=True))

    def program(self) -> Program:
        """The expression, parsed."""
        return parse(self.text, self.names, self.tables)

    def key(self) -> str:
        """What its package is kept under: SHA-256, hex, of all that decides what is in it.

        The compiler is not part of it, so that packages serve where there is none; a package says which
        one made it, and is stale where another one is found.
        """
        return hashlib.sha256(
            json.dumps([self._replace(seen=None, bound="", owner=NOBODY), _made_for(), compiler_flags()]).encode()
        ).hexdigest()

    def to_json(self) -> str:
        """The job as text."""
        return json.dumps(self)

    @classmethod
    def from_json(cls, text: str) -> CompileJob:
        """Reads a job.

        Raises:
            ValueError: the text is no job.
        """
        text_, names, dims, ndim, wanted, dtype, device, seen, tables, bound, owner = json.loads(text)
        return cls(
            str(text_),
            tuple(map(str, names)),
            tuple(tuple(map(int, each)) for each in dims),
            int(ndim),
            tuple(tuple(map(int, each)) for each in wanted),
            str(dtype),
            str(device),
            seen and SeenNumbers(tuple(map(int, seen[0])), tuple(tuple(map(float, each)) for each in seen[1])),
            tuple(TableSpec(str(n), int(d), int(k), str(o), int(c)) for n, d, k, o, c in tables),
            str(bound),
            CacheOwner(str(owner[0]), int(owner[1])),
        )


@functools.cache
def _made_for() -> tuple[str, ...]:
    return (
        str(PACKAGE_FORMAT),
        __version__,
        str(torch.__version__),
        platform.python_version(),
        platform.machine(),
        torch.backends.cpu.get_cpu_capability(),
        wire_tags.definitions(),
        *sorted(processor_flags()),
    )
