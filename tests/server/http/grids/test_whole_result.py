"""Whole results: tiles in any order, put together where each belongs."""

from __future__ import annotations

import asyncio

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_server.http.grids.whole_result import WholeGrid, WholeResult
from gridgrad_server.requests.tiles import GridTile
from tests.server.building import OUTCOME, make_request


async def test_tiles_find_their_places() -> None:
    future: asyncio.Future[WholeGrid] = asyncio.get_running_loop().create_future()
    request = make_request(points=10, tile_cost=8)
    request.sink = WholeResult(future)
    tiles: list[GridTile] = []
    while request.progress.has_room and len(tiles) < 4:
        tiles.append(request.progress.take(8))
    for tile in reversed(tiles):
        planes = b"".join(bytes([plane] * 7 + [tile.first_point + i]) for plane in (1, 2) for i in range(tile.points))
        request.computed(tile, memoryview(planes), OUTCOME, {})
    grid = future.result()
    assert [each[-1] for each in (grid.planes[i : i + 8] for i in range(0, 160, 8))] == [*range(10)] * 2
    assert list(grid.header.shape) == [10]


async def test_an_error_is_the_answer() -> None:
    future: asyncio.Future[WholeGrid] = asyncio.get_running_loop().create_future()
    sink = WholeResult(future)
    sink.failed(make_request(), RequestError("x", "wrong"))
    sink.failed(make_request(), RequestError("x", "twice"))
    with pytest.raises(RequestError, match="wrong"):
        future.result()
