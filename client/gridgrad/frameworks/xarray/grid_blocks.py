"""A grid in blocks: the inputs that a dataset has for it, and how it is cut."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import xarray

__all__ = ["BLOCK_POINTS", "BlockInputs", "Chunks", "GridBlock", "block_inputs"]

BLOCK_POINTS = 1 << 20
"""About how many points a block has where nobody says."""

Chunks = Mapping[str, int]
"""How long a block is in each dim; -1 for all of it."""


class GridBlock(NamedTuple):
    """One block of a grid.

    Args:
        number: which it is in each dim.
        region: which indices it has, by dim.
    """

    number: tuple[int, ...]
    region: dict[Hashable, slice]


class BlockInputs(NamedTuple):
    """The inputs of a function, as lazy as they were given.

    Args:
        arrays: those with dims, in the order that makes the order of the grid's dims.
        numbers: all others.
        sizes: of the grid's dims.
        chunks: how long the blocks are, by dim.
    """

    arrays: dict[str, xarray.DataArray]
    numbers: dict[str, float]
    sizes: dict[str, int]
    chunks: dict[str, tuple[int, ...]]

    def blocks(self) -> Iterator[GridBlock]:
        """All blocks, in C order."""
        edges = [[0, *itertools.accumulate(lengths)] for lengths in self.chunks.values()]
        for number in itertools.product(*[range(len(lengths)) for lengths in self.chunks.values()]):
            spans = [slice(edge[place], edge[place + 1]) for edge, place in zip(edges, number, strict=True)]
            yield GridBlock(number, dict(zip(self.chunks, spans, strict=True)))

    @property
    def total(self) -> int:
        """How many blocks there are."""
        return math.prod(map(len, self.chunks.values()))

    def first_point(self) -> dict[Hashable, slice]:
        """The region of the first point, by which all else is asked."""
        return {dim: slice(0, 1) for dim in self.sizes}

    def by_dask(self) -> dict[str, xarray.Variable]:
        """The inputs with dims by dask, in pieces that are cut as the blocks are."""
        found = {}
        for name, array in self.arrays.items():
            variable = array.variable.to_base_variable()  # what is an index stays in memory whole
            found[name] = variable.chunk({dim: self.chunks[str(dim)] for dim in variable.dims})
        return found

    def values(self, region: Mapping[Hashable, slice]) -> dict[str, Any]:
        """The inputs of a part of the grid, as `Client.gradient` takes them; computes what is lazy.

        Args:
            region: its indices, by dim.
        """
        scheduler = optional("dask.base", "dask").get_scheduler() or "synchronous"
        found: dict[str, Any] = dict(self.numbers)
        for name, array in self.arrays.items():
            part = array.isel({dim: region[dim] for dim in array.dims})
            found[name] = part.compute(scheduler=scheduler)
        return {name: found[name] for name in (*self.arrays, *self.numbers)}


def block_inputs(
    dataset: xarray.Dataset, inputs: Iterable[str] | Mapping[str, Any] | None, chunks: Chunks | None
) -> BlockInputs:
    """Finds the inputs, and cuts their grid.

    Args:
        dataset: has them as variables or coordinates.
        inputs: names in it; or names of the function to names in it or to numbers; None for all that it has.
        chunks: how long a block is; by default as the dataset's arrays are chunked, and other dims so that a block has
            about BLOCK_POINTS points.

    Raises:
        RequestError: the dataset has no such variable, or no such dim, or no input has a dim.
    """
    named = inputs if isinstance(inputs, Mapping) else {name: name for name in inputs or map(str, dataset.variables)}
    arrays, numbers = {}, {}
    for name, given in named.items():
        found = _variable(dataset, name, given) if isinstance(given, str) else given
        if getattr(found, "ndim", 0):
            arrays[name] = found.drop_vars(list(found.coords))
        else:
            numbers[name] = float(found)
    sizes = {str(dim): size for array in arrays.values() for dim, size in array.sizes.items()}
    if not sizes:
        raise RequestError("inputs", "none with dims", "give one at least; a single point is Client.gradient's")
    return BlockInputs(arrays, numbers, sizes, _chunks(list(arrays.values()), sizes, chunks or {}))


def _variable(dataset: xarray.Dataset, name: str, key: str) -> xarray.DataArray:
    if key not in dataset.variables:
        known = ", ".join(map(str, dataset.variables)) or "nothing"
        raise RequestError("inputs", f"{key!r}, which the dataset has not", f"name what it has: {known}")
    return dataset[key].rename(name)


def _chunks(arrays: Sequence[xarray.DataArray], sizes: Mapping[str, int], given: Chunks) -> dict[str, tuple[int, ...]]:
    if unknown := [dim for dim in given if dim not in sizes]:
        raise RequestError("chunks", f"{unknown[0]!r}, which is no dim of the grid", f"name some of {', '.join(sizes)}")
    own = {str(dim): lengths for array in arrays for dim, lengths in array.chunksizes.items()}
    wanted = [given.get(dim, own.get(dim, "auto")) for dim in sizes]
    normalized = optional("dask.array.core", "dask").normalize_chunks(
        wanted, tuple(sizes.values()), limit=BLOCK_POINTS, dtype="int8"
    )
    return dict(zip(sizes, normalized, strict=True))
