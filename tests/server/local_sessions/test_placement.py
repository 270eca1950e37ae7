"""Where results go: into the arena of a session while there is room, else over its socket."""

from __future__ import annotations

from typing import Any

import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.server.local_sessions.callers import POINTS, Opening, grid, numbers, response_of


async def test_results_lie_in_the_memory(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    number = await caller.ask()
    answer = await caller.answer()
    assert answer.id == number
    assert (answer.lease.size, answer.lease.offset % 64) == (2 * 8 * POINTS, 0)
    assert caller.numbers(answer.lease) == [*range(POINTS), *range(1_000_000, 1_000_000 + POINTS)]
    header = response_of(answer).header
    assert (list(header.shape), list(header.dims), header.info.device) == ([POINTS], ["x"], "cpu")


async def test_a_grid_of_many_tiles_lies_there_in_one(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve(piece_cost=64, workers=2))
    await caller.ask()
    answer = await caller.answer()
    assert caller.numbers(answer.lease) == [*range(POINTS), *range(1_000_000, 1_000_000 + POINTS)]


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_grid_that_is_computed_quickly_has_fewer_tiles(serve: Any, opening: Opening, workers: int) -> None:
    serving = await serve(piece_cost=1 << 16, workers=workers)
    caller, batches, leases = await opening(serving), [0], []
    for _ in range(2):
        await caller.ask(grid(1 << 17))
        leases.append((await caller.answer()).lease)
        batches.append(serving.server.parts.scheduler.batches)
    assert batches == [0, 4, 6]  # the worker says 1 ms for a tile; they may take 2
    assert caller.numbers(leases[0]) == caller.numbers(leases[1])


async def test_each_worker_gets_a_tile(serve: Any, opening: Opening) -> None:
    serving = await serve(piece_cost=1 << 16, workers=3)
    caller, batches = await opening(serving), [0]
    for _ in range(2):
        await caller.ask(grid(1 << 17))
        await caller.answer()
        batches.append(serving.server.parts.scheduler.batches)
    assert batches == [0, 4, 7]


async def test_small_results_go_over_the_socket(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask(grid(3))
    answer = await caller.answer()
    assert not answer.HasField("lease")
    assert numbers(response_of(answer).data) == [0, 1, 2, 1e6, 1e6 + 1, 1e6 + 2]


async def test_places_are_used_again_when_they_are_released(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve())
    await caller.ask()
    first = (await caller.answer()).lease
    await caller.ask()
    second = (await caller.answer()).lease
    assert second.offset != first.offset
    await caller.ask(released=[first.number])
    third = (await caller.answer()).lease
    assert third.offset == first.offset
    assert third.number != first.number


async def test_a_full_memory_falls_back_to_the_socket(serve: Any, opening: Opening) -> None:
    caller = await opening(await serve(session_bytes=1 << 16, unary_result_bytes=20_000))
    answers = []
    for _ in range(5):
        await caller.ask()
        answers.append(await caller.answer())
    assert [answer.HasField("lease") for answer in answers] == [True] * 4 + [False]
    assert numbers(response_of(answers[4]).data) == caller.numbers(answers[0].lease)
    await caller.ask(grid(2000))
    refused = await caller.answer()
    assert refused.status.detail.reason == pb.ERROR_REASON_TOO_LARGE
    assert refused.status.detail.closer_reason == pb.ERROR_REASON_USE_STREAM
    assert "StreamGridGradients" in refused.status.detail.remedy
