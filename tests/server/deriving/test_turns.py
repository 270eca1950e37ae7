"""As many as may go at once, callers by turns, and whoever gives up leaves his turn to the next."""

from __future__ import annotations

import asyncio

from gridgrad_server.deriving.turns import Turns


class Line:
    """Callers in front of turns, each with an event that ends its own."""

    def __init__(self, at_once: int) -> None:
        self.turns = Turns(at_once)
        self.went: list[str] = []
        self.ends: list[asyncio.Event] = []

    def come(self, caller: str) -> asyncio.Task[None]:
        return asyncio.ensure_future(self._go(caller))

    async def _go(self, caller: str) -> None:
        async with self.turns.turn(caller[0]):
            self.went.append(caller)
            self.ends.append(asyncio.Event())
            await self.ends[-1].wait()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_callers_take_turns_whoever_came_with_more() -> None:
    line = Line(1)
    tasks = [line.come(caller) for caller in ("a1", "a2", "a3", "b1", "c1", "b2")]
    for position in range(6):
        await line.settle()
        assert len(line.went) == position + 1, "one at a time"
        line.ends[position].set()
    await asyncio.gather(*tasks)
    assert line.went == ["a1", "a2", "b1", "c1", "a3", "b2"]


async def test_as_many_as_may_go_at_once() -> None:
    line = Line(2)
    tasks = [line.come(caller) for caller in ("a1", "a2", "a3")]
    await line.settle()
    assert line.went == ["a1", "a2"]
    for _ in range(2):
        for end in line.ends:
            end.set()
        await line.settle()
    await asyncio.gather(*tasks)


async def test_who_gives_up_keeps_nobody_waiting() -> None:
    line = Line(1)
    first, second, third = (line.come(caller) for caller in ("a1", "b1", "c1"))
    await line.settle()
    second.cancel()
    await line.settle()
    line.ends[0].set()
    await line.settle()
    assert line.went == ["a1", "c1"]
    third.cancel()
    await line.settle()
    await first
    last = line.come("d1")
    await line.settle()
    assert line.went[-1] == "d1"
    last.cancel()


async def test_a_turn_that_comes_as_its_caller_gives_up_goes_to_the_next() -> None:
    line = Line(1)
    first, second, third = (line.come(caller) for caller in ("a1", "b1", "c1"))
    await line.settle()
    first.cancel()
    await asyncio.sleep(0)  # it ends, and the second has the turn, but has not heard of it
    second.cancel()
    await line.settle()
    assert line.went == ["a1", "c1"]
    third.cancel()
