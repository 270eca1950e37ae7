"""The engine of layers: a traced function and its partials, tile by tile, as matrix products over a tile's points.

A tape is run, with the same bits for a point in any company. For operations that tapes lack, and where nothing can be
compiled, torch computes tiles, and what else is in a batch changes a result within rounding. It is for processors.
What is alive of a tile lies in the caches: some layers' activations and their tangents, whatever the grid. Threads take
tiles of their own, so that no operation waits for another thread.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor
from torch.fx import GraphModule

from gridgrad_worker.devices.device import Device
from gridgrad_worker.devices.threads import one_thread
from gridgrad_worker.engines.functional.functional_engine import PointsEngine, PointsFunction
from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.engines.layers.network import Network
from gridgrad_worker.engines.layers.tape_library import tape_runner
from gridgrad_worker.engines.layers.tape_reader import tape_of
from gridgrad_worker.engines.layers.tape_writer import NoTapeError
from gridgrad_worker.native.errors import CannotCompileError

__all__ = ["LayersEngine"]

_log = logging.getLogger(__name__)

_TILE_NUMBERS = 1 << 17
"""That are alive in a tile: 1 MiB of doubles, what a processor's own cache has."""

_LEAST_TILE_POINTS = 32


class LayersEngine(PointsEngine):
    """Computes a traced function and its partials over tiles.

    Args:
        graph: operations of torch.ops.aten on tensors of no dims, one for each of its inputs; it returns one, or a
            tuple of them, of no dims.
        sources: for each of its inputs the position of a tile's input, or a number.
        wanted: the derivatives in the order of the results, by positions of inputs of tiles.
        components: how many there are.
        dtype: computed in throughout.
        device: the processor.

    Raises:
        NotLayersError: an operation has no rule.
    """

    name = "layers"

    def __init__(
        self,
        graph: GraphModule,
        sources: Sequence[int | float],
        wanted: Sequence[Derivative],
        components: int,
        dtype: torch.dtype,
        device: Device,
    ) -> None:
        super().__init__(_Bound(graph, sources, wanted, dtype), len(wanted) * components, dtype, device)


class _Bound:
    """A network of the inputs that tiles have."""

    def __init__(
        self,
        graph: GraphModule,
        sources: Sequence[int | float],
        wanted: Sequence[Derivative],
        dtype: torch.dtype,
    ) -> None:
        own = {source: place for place, source in enumerate(sources) if isinstance(source, int)}
        # What the function has not is an input beyond its own, of which nothing depends
        by_own = [tuple(sorted(own.get(each, len(sources) + each) for each in derivative)) for derivative in wanted]
        self._sources = [source if isinstance(source, int) else torch.tensor(source, dtype=dtype) for source in sources]
        self._function = _points_function(Network(graph, by_own, dtype), len(sources), dtype)

    def __call__(self, arguments: Sequence[Tensor], points: int) -> Sequence[Tensor]:
        return self._function([arguments[each] if isinstance(each, int) else each for each in self._sources], points)


def _points_function(network: Network, inputs: int, dtype: torch.dtype) -> PointsFunction:
    try:
        return tape_runner(tape_of(network, inputs, dtype), dtype)
    except (NoTapeError, CannotCompileError, OSError) as error:
        _log.info("layers are computed by torch, operation by operation: %s", error)
        return _Tiled(network)


class _Tiled:
    """A network at any number of points, by torch.

    Args:
        network: computes it at those of a tile.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        tile = _TILE_NUMBERS // network.numbers
        self._points = max(1, tile // _LEAST_TILE_POINTS) * _LEAST_TILE_POINTS

    def __call__(self, arguments: Sequence[Tensor], points: int) -> Sequence[Tensor]:
        given = [each if each.dim() else each.reshape(1) for each in arguments]
        result = torch.empty(self._network.planes, points, dtype=given[0].dtype)
        firsts = range(0, points, self._points)
        compute = functools.partial(self._tile, given, result)
        threads = torch.get_num_threads()
        if len(firsts) == 1 or threads == 1:
            for first in firsts:
                compute(first)
        else:
            with one_thread():
                list(_pool(threads).map(compute, firsts))
        return result.unbind()

    def _tile(self, arguments: Sequence[Tensor], result: Tensor, first: int) -> None:
        end = min(first + self._points, result.shape[1])
        with torch.no_grad():
            own = [each if len(each) == 1 else each[first:end] for each in arguments]
            for plane, found in zip(result[:, first:end], self._network(own), strict=True):
                plane.copy_(found)


@functools.cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "layers", lambda: torch.set_num_threads(1))
