"""Which requests are computed in segments, and how large these are."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import TooLargeError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.requests.decode import read
from gridgrad_server.requests.function_key import FunctionKeys
from gridgrad_server.requests.request_cache import ServerTemplate
from gridgrad_server.scheduling.progress import Progress
from gridgrad_server.segments.request_templates import template_of


async def template(dims: list[str], t: int, k: int, tile_cost: int, grids: int = 0) -> ServerTemplate:
    axes = [
        pb.Input(name=name, dims=[name], linspace=pb.Linspace(stop=1, num=num)) for name, num in (("t", t), ("k", k))
    ]
    made = pb.Reduction(function=pb.Function(expression="t*k"), dims=dims, kind="sum") if dims else None
    function = None if made else pb.Function(expression="t*k")
    decoded = read(pb.GridGradientRequest(function=function, inputs=axes, reduction=made), grids)
    functions = FunctionKeys(Programs(), "1")
    return template_of(decoded, await functions.get(decoded.function), functions, "me", tile_cost)


async def test_a_grid_is_itself() -> None:
    found = await template([], 30, 40, 100)
    assert (found.layout.shape, found.layout.point_cost, found.segments) == ((30, 40), 1, None)


async def test_a_result_of_few_points_is_one_tile_s_work() -> None:
    found = await template(["t"], 30, 40, 100)
    assert (found.layout.shape, found.layout.point_cost, found.segments) == ((40,), 30, None)
    assert found.met_first is found.function


@pytest.mark.parametrize(("tile_cost", "segments", "points"), [(4096, 25, 4096), (20000, 7, 16384), (1 << 17, 1, 0)])
async def test_a_result_of_many_points_is_made_of_segments(tile_cost: int, segments: int, points: int) -> None:
    found = await template(["k"], 30, 100_000, tile_cost)
    if not points:
        assert found.segments is None
        return
    assert found.segments is not None
    before = found.segments.layout
    assert (before.shape, before.point_cost) == ((segments, 30), points)
    assert (found.layout.shape, found.layout.point_cost) == ((30,), segments)
    assert found.layout.inputs_bytes == -(-before.total_bytes // 64) * 64
    assert found.met_first is found.segments.function


async def test_a_pack_is_not_cut_into_segments() -> None:
    assert (await template(["k"], 3, 100_000, 4096, grids=2)).segments is None


async def pulled(t: int, k: int, tile_cost: int, *wrt: str) -> ServerTemplate:
    axes = [
        pb.Input(name=name, dims=[name], linspace=pb.Linspace(stop=1, num=num)) for name, num in (("t", t), ("k", k))
    ]
    made = pb.Reduction(function=pb.Function(expression="t*k"), kind="pullback")
    derivatives = [pb.Derivative(wrt=[name]) for name in wrt]
    decoded = read(pb.GridGradientRequest(inputs=axes, reduction=made, derivatives=derivatives))
    functions = FunctionKeys(Programs(), "1")
    return template_of(decoded, await functions.get(decoded.function), functions, "me", tile_cost)


async def test_a_pull_back_is_a_row_that_no_tile_cuts() -> None:
    found = await pulled(30, 40, 100, "t", "k")
    assert (found.layout.shape, found.layout.together, found.segments) == ((71,), 71, None)
    progress = Progress(found, 100, 4)
    assert (progress.next, progress.is_split) == (found.layout.whole, False)


async def test_a_large_pull_back_is_as_many_rows_as_segments() -> None:
    found = await pulled(3000, 2000, 100, "k")
    assert found.segments is not None
    before = found.segments.layout
    assert (before.shape, before.together, found.layout.shape) == ((6, 2001), 2001, (2001,))
    progress = Progress(found.segments, 100, 4)
    assert progress.next is not None
    assert progress.next.shape == (1, 2001)


async def test_a_gradient_of_too_many_elements_is_refused() -> None:
    with pytest.raises(TooLargeError, match=r"5,000,000 elements; ask for at most 4,194,303"):
        await pulled(5_000_000, 2, 100, "t")
