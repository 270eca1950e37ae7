"""Compiles an order: its plan exported and made into shared libraries by torch's inductor."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import NamedTuple

import torch

from gridgrad_worker.compiled.graphs import GridGraph, HoistGraph
from gridgrad_worker.compiled.layout import LevelLayout, digest_of, lay_out
from gridgrad_worker.compiled.libraries import GRID, HOIST
from gridgrad_worker.compiled.order import Order
from gridgrad_worker.devices import Device
from gridgrad_worker.structured.engine import StructuredEngine

__all__ = ["Built", "CannotCompileError", "build"]

_ENTRIES = 3
"""More than the threads that the compiler is told of: then it shares the leading dims out as one."""

_LEADING, _LAST = 24, 96
_LEADING_OF_MANY = 3

_SETTINGS: dict[str, object] = {
    "cpp_cache_precompile_headers": False,  # they take 300 MB of disk to save some seconds
    "compile_threads": 1,
}


class CannotCompileError(RuntimeError):
    """The program is one for the direct tier; the message says why."""


class Built(NamedTuple):
    """What was compiled.

    Args:
        files: the libraries, named in this module.
        layout: what they and their caller must agree on.
        engine: the direct tier, of the same plan.
    """

    files: tuple[Path, ...]
    layout: str
    engine: StructuredEngine


def build(order: Order, device: Device, directory: Path) -> Built:
    """Compiles.

    Args:
        order: what.
        device: compiled for.
        directory: where to put the libraries and what comes about beside them.

    Raises:
        CannotCompileError: it can't be compiled, or would not be reproducible.
    """
    engine = StructuredEngine(order.program(), order.inputs, order.ndim, order.wanted, order.torch_dtype, device)
    levels = lay_out(engine.plan, engine.watched)
    files = []
    if levels:
        files.append(_compiled(_hoist(order, engine, levels), directory / HOIST))
    files.append(_compiled(_grid(order, engine, levels), directory / GRID))
    return Built(tuple(files), digest_of(engine.plan, levels), engine)


def _hoist(order: Order, engine: StructuredEngine, levels: tuple[LevelLayout, ...]) -> torch.export.ExportedProgram:
    dtype = order.torch_dtype
    lengths = [torch.export.Dim(f"n{level.mask}", min=1, max=1 << 40) for level in levels]
    counts = [_LAST * _LEADING + 8 * place for place, _ in enumerate(levels)]
    arrays = [torch.ones(len(level.rows), n, dtype=dtype) for level, n in zip(levels, counts, strict=True)]
    inputs = [[torch.ones(n, dtype=dtype) for _ in level.inputs] for level, n in zip(levels, counts, strict=True)]
    shapes = (
        [{1: n} for n in lengths],
        [[{0: n} for _ in level.inputs] for n, level in zip(lengths, levels, strict=True)],
    )
    return _exported(HoistGraph(engine.plan, levels, dtype), (arrays, inputs), shapes)


def _grid(order: Order, engine: StructuredEngine, levels: tuple[LevelLayout, ...]) -> torch.export.ExportedProgram:
    dtype, ndim = order.torch_dtype, order.ndim
    first = _LEADING if ndim <= 3 else _LEADING_OF_MANY
    shape = (_ENTRIES, *[first] * (ndim - 1), _LAST)
    dims = [torch.export.Dim(f"d{place}", min=1, max=1 << 40) for place in range(ndim + 1)]
    planes = [torch.ones(shape, dtype=dtype) for _ in engine.plan.outputs]
    masks = [level.mask for level in levels]
    arrays = [torch.ones(len(level.rows), *_lengths(shape, level.mask), dtype=dtype) for level in levels]
    inputs = [torch.ones(shape, dtype=dtype) for _ in engine.plan.levels[-1].inputs]
    whole = dict(enumerate(dims))
    of_levels = [{p + 1: d for p, d in whole.items() if p == 0 or mask >> (p - 1) & 1} for mask in masks]
    shapes = ([whole for _ in planes], of_levels, [whole for _ in inputs])
    return _exported(GridGraph(engine.plan, levels, dtype), (planes, arrays, inputs), shapes)


def _lengths(shape: tuple[int, ...], mask: int) -> tuple[int, ...]:
    return (shape[0], *(length if mask >> dim & 1 else 1 for dim, length in enumerate(shape[1:])))


def _exported(
    module: torch.nn.Module, arguments: tuple[object, ...], shapes: tuple[object, ...]
) -> torch.export.ExportedProgram:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of its own old code
        return torch.export.export(module, arguments, dynamic_shapes=shapes, strict=False)


def _compiled(program: torch.export.ExportedProgram, library: Path) -> Path:
    package = library.with_suffix(".pt2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch._inductor.aoti_compile_and_package(program, package_path=str(package), inductor_configs=_SETTINGS)
    with zipfile.ZipFile(package) as archive:
        for name in archive.namelist():
            if name.endswith(".wrapper.cpp"):
                _check(archive.read(name).decode())
        (made,) = (name for name in archive.namelist() if name.endswith(".so"))
        library.write_bytes(archive.read(made))
    package.unlink()
    return library


def _check(source: str) -> None:
    """Refuses what calls torch's own routines: their bits depend on where a number stands in a tensor."""
    position = source.find("aoti_torch_cpu_")
    if position >= 0:
        called = source[position:].split("(", 1)[0]
        raise CannotCompileError(
            f"the compiler has nothing better than torch's {called.removeprefix('aoti_torch_cpu_')}"
        )
