"""Which requests are computed in segments, and how large these are."""

from __future__ import annotations

import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.requests.decode import read
from gridgrad_server.requests.function_key import FunctionKeys
from gridgrad_server.requests.request_cache import ServerTemplate
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
