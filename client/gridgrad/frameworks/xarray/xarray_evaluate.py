"""A function on the variables of a dataset: lazily, or into a file block by block."""

from __future__ import annotations

import functools
import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.units import Units
from gridgrad.frameworks.xarray.block_store import BlockStore, store_at
from gridgrad.frameworks.xarray.grid_blocks import BlockInputs, Chunks, GridBlock, block_inputs
from gridgrad.progress import Tell, shown
from gridgrad.requests.request import FunctionLike, Request, Tier
from gridgrad.servers.addresses import Address
from gridgrad.sync.client import Client
from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import xarray

__all__ = ["evaluate"]

CLIENTS_KEPT = 8
TIMES = ("queue_s", "compute_s", "batch_size")
"""Attributes of a single answer."""


class _Computing(NamedTuple):
    """What is computed on each block, and by whom; goes to other processes where dask has such.

    Args:
        request: all but the inputs.
        server: a client, or where the servers are.
        name: of the variables, as for `Result.to_xarray`.
    """

    request: Request
    server: Client | str | tuple[str, ...] | None
    name: str | tuple[str, ...] | None

    def on(self, values: Mapping[str, Any]) -> xarray.Dataset:
        """The result for these inputs."""
        client = self.server if isinstance(self.server, Client) else _client(self.server)
        request = self.request
        result = client.gradient(
            request.function,
            dict(values),
            wrt=request.wrt,
            order=request.order,
            derivatives=request.derivatives,
            dtype=request.dtype,
            coefficients=request.coefficients,
            tier=request.tier,
            units=request.units,
        )
        return result.to_xarray(self.name)


@functools.lru_cache(CLIENTS_KEPT)
def _client(address: Address | None) -> Client:
    return Client(address)


class _OfArrays(NamedTuple):
    """The function that dask calls with the arrays of a block.

    Args:
        computing: what is computed.
        dims: of each array, by the name of its input.
        grid: the dims of the grid.
        numbers: inputs without dims.
        variables: what it returns, each with the lengths of the dims that stand in front of the grid's, and its dtype.
    """

    computing: _Computing
    dims: dict[str, tuple[str, ...]]
    grid: tuple[str, ...]
    numbers: dict[str, float]
    variables: dict[str, tuple[tuple[int, ...], np.dtype[Any]]]

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        if not all(array.size for array in arrays):  # dask asks what comes, or the grid has no points
            shape = np.broadcast_shapes(*[array.shape for array in arrays])
            return tuple(np.empty((*shape, *front), dtype) for front, dtype in self.variables.values())
        values: dict[str, Any] = {}
        for (name, dims), array in zip(self.dims.items(), arrays, strict=True):
            # The array has a dim for each of the grid's last ones, of length 1 where it does not depend on it
            last = self.grid[len(self.grid) - array.ndim :]
            own = [dim for dim in last if dim in dims]
            lengths = [array.shape[last.index(dim)] for dim in own]
            values[name] = (tuple(own), np.ascontiguousarray(array).reshape(lengths))
        dataset = self.computing.on(values | self.numbers)
        found = []
        for name, (front, _) in self.variables.items():
            numbers, count = dataset[name].data, len(front)
            found.append(np.moveaxis(numbers, range(count), range(numbers.ndim - count, numbers.ndim)))
        return tuple(found)


def evaluate(
    dataset: xarray.Dataset,
    function: FunctionLike,
    inputs: Iterable[str] | Mapping[str, Any] | None = None,
    *,
    server: Client | Address | None = None,
    wrt: str | Iterable[str] | None = None,
    order: int | None = None,
    derivatives: Iterable[DerivativeLike] | None = None,
    dtype: Any = None,
    coefficients: Coefficients | None = None,
    tier: Tier = "auto",
    units: Units | None = None,
    name: str | Sequence[str] | None = None,
    chunks: Chunks | None = None,
    to: str | Path | None = None,
    in_flight: int = 4,
    progress: bool | Tell | None = None,
) -> xarray.Dataset:
    """Computes a function and its partial derivatives on variables of a dataset, block by block.

    No process ever holds the whole grid. Without `to` the result is lazy: its blocks are computed when dask wants them.
    With `to` they are computed now, a few at a time, and written as they come; what was broken off goes on where it
    was, by the same call again. One point is computed at once, so that what is wrong shows.

    Args:
        dataset: has the inputs as variables or coordinates, in memory or by dask.
        function: as for `Client.gradient`.
        inputs: names in the dataset, in the order of the grid's dims; or names of the function's inputs to names in the
            dataset or to numbers: {"T": "temperature", "p": 1e5}; by default all that the dataset has.
        server: a client, or the address of a server or several as `Client` takes them.
        wrt: as for `Client.gradient`.
        order: as for `Client.gradient`.
        derivatives: as for `Client.gradient`.
        dtype: as for `Client.gradient`.
        coefficients: as for `Client.gradient`.
        tier: as for `Client.gradient`. "direct" or "compiled" gives all blocks the same last digits.
        units: as for `Client.gradient`.
        name: as for `Result.to_xarray`.
        chunks: how long blocks are, by dim; -1 for all of it. By default as the dataset's arrays are chunked, and dims
            that are not so that a block has about a million points.
        to: a file to write, .zarr or .nc.
        in_flight: how many blocks are computed and held at a time, with `to`.
        progress: with `to`, True shows a bar (the extra `progress`); a callback is called with the blocks that are
            complete and the blocks of the grid.

    Returns:
        The variables that `Result.to_xarray` has, by dask, with the coordinates of the dataset along the grid.

    Raises:
        RequestError: something in the request is wrong, or the file is of another one.
        MissingExtraError: a package is not installed.
        GridgradError: a block failed; those before it are in the file.
    """
    optional("dask.array", "dask")
    if not isinstance(in_flight, int) or in_flight < 1:
        raise RequestError("in_flight", f"{in_flight!r}", "give how many blocks may be computed at a time, 1 or more")
    asked = Request(function, {}, wrt, order, derivatives, dtype, coefficients=coefficients, tier=tier, units=units)
    where = server if isinstance(server, Client | str) or server is None else tuple(server)
    names = name if name is None or isinstance(name, str) else tuple(name)
    computing, cut = _Computing(asked.settled(), where, names), block_inputs(dataset, inputs, chunks)
    first = computing.on(cut.values(cut.first_point()))
    whole = _lazy(dataset, computing, cut, first)
    if to is None:
        return whole
    store = store_at(to, cut, whole, _identity(computing, cut, first))
    return _written(store, computing, cut, in_flight, progress) if store.begin() else store.open()


def _lazy(dataset: xarray.Dataset, computing: _Computing, cut: BlockInputs, first: xarray.Dataset) -> xarray.Dataset:
    xr, grid = optional("xarray", "xarray"), tuple(cut.sizes)
    extra = {name: [dim for dim in array.dims if dim not in grid] for name, array in first.data_vars.items()}
    called = _OfArrays(
        computing,
        {name: tuple(map(str, array.dims)) for name, array in cut.arrays.items()},
        grid,
        cut.numbers,
        {str(name): (tuple(first.sizes[dim] for dim in dims), first[name].dtype) for name, dims in extra.items()},
    )
    arrays = [xr.DataArray(each) for each in cut.by_dask().values()]
    with warnings.catch_warnings():
        # Blocks are as many as the products of those of the axes, which is what they are for
        warnings.simplefilter("ignore", optional("dask.array", "dask").PerformanceWarning)
        computed = xr.apply_ufunc(
            called,
            *arrays,
            dask="parallelized",
            output_core_dims=list(extra.values()),
            dask_gufunc_kwargs={
                "output_sizes": {dim: first.sizes[dim] for dims in extra.values() for dim in dims},
                # With dtypes alone dask would have it computed at a point, to see what comes
                "meta": tuple(np.empty((0,) * array.ndim, array.dtype) for array in first.data_vars.values()),
            },
        )
    each = computed if isinstance(computed, tuple) else (computed,)
    variables = {
        name: array.transpose(*first[name].dims).assign_attrs(first[name].attrs)
        for name, array in zip(first.data_vars, each, strict=True)
    }
    along = {key: held for key, held in dataset.coords.items() if set(held.dims) <= set(grid)}
    own = {key: held for key, held in first.coords.items() if not set(held.dims) & set(grid) and key not in along}
    attributes = {key: text for key, text in first.attrs.items() if key not in TIMES}
    whole: xarray.Dataset = xr.Dataset(variables, {**own, **along}, attributes)
    return whole


def _identity(computing: _Computing, cut: BlockInputs, first: xarray.Dataset) -> str:
    """What all numbers follow from but the build of the server, as a digest."""
    tokenize = optional("dask.base", "dask").tokenize
    inputs = [(name, array.dims, array.data.name) for name, array in cut.by_dask().items()]
    kind = {key: first.attrs[key] for key in ("expression", "registered") if key in first.attrs}
    variables = [(name, array.dims, str(array.dtype)) for name, array in first.data_vars.items()]
    coefficients = {key: np.asarray(array) for key, array in (computing.request.coefficients or {}).items()}
    facts = repr((kind, variables, inputs, cut.numbers, cut.chunks, computing.request.tier, tokenize(coefficients)))
    return hashlib.sha256(facts.encode()).hexdigest()


def _written(
    store: BlockStore, computing: _Computing, cut: BlockInputs, in_flight: int, progress: bool | Tell | None
) -> xarray.Dataset:
    tell: Literal[True] | Tell = progress or (lambda _, __: None)
    with shown(tell, "blocks", cut.total) as told, ThreadPoolExecutor(in_flight, "gridgrad-blocks") as threads:
        running: set[Future[None]] = set()
        done = 0
        try:
            for block in cut.blocks():
                if store.has(block):
                    done += 1
                    continue
                if len(running) >= in_flight:
                    done = _told(done, _finished(running), cut.total, told)
                running.add(threads.submit(_one, store, computing, cut, block))
            while running:
                done = _told(done, _finished(running), cut.total, told)
        finally:
            for each in running:
                each.cancel()
    return store.finish()


def _told(done: int, more: int, total: int, tell: Tell) -> int:
    """Tells of each block that was finished; how many are done now."""
    for count in range(done + 1, done + more + 1):
        tell(count, total)
    return done + more


def _finished(running: set[Future[None]]) -> int:
    """Waits for one block at least; how many are complete.

    Raises:
        GridgradError: one failed.
    """
    ended, _ = wait(running, return_when=FIRST_COMPLETED)
    running -= ended
    for each in ended:
        each.result()
    return len(ended)


def _one(store: BlockStore, computing: _Computing, cut: BlockInputs, block: GridBlock) -> None:
    store.put(block, computing.on(cut.values(block.region)))
