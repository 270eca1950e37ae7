"""Answers that nobody takes, with a library that hands over nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from gridgrad_server.connections.unread import UnreadAnswers
from tests.server.calls import until


async def handler(unread: UnreadAnswers, context: Any, taken: asyncio.Event) -> None:
    unread.leaving(context)
    try:
        await taken.wait()
    finally:
        unread.left(context)


async def test_an_answer_that_is_not_taken_ends_its_call_and_no_other() -> None:
    unread, taken = UnreadAnswers(after_s=0.2), asyncio.Event()
    stalled = asyncio.create_task(handler(unread, object(), asyncio.Event()))
    read = asyncio.create_task(handler(unread, object(), taken))
    await asyncio.sleep(0)
    taken.set()
    await until(stalled.done)
    assert stalled.cancelled()
    assert not read.cancelled()


async def test_each_part_of_an_answer_has_its_time() -> None:
    unread, context = UnreadAnswers(after_s=0.3), object()

    async def slow_reader() -> None:
        for _ in range(6):
            unread.leaving(context)  # type: ignore[arg-type] # only its identity counts
            await asyncio.sleep(0.1)
            unread.left(context)  # type: ignore[arg-type] # only its identity counts

    await slow_reader()
