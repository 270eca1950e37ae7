from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.programs import Programs


async def test_a_text_is_parsed_once_also_when_asked_for_twice_at_a_time() -> None:
    programs = Programs()
    first, second = await asyncio.gather(programs.get("t*k", ["t"]), programs.get("t*k", ["k"]))
    assert first is second
    assert await programs.get("t*k", []) is first


async def test_an_input_that_hides_a_constant_makes_another_program() -> None:
    programs = Programs()
    assert (await programs.get("e*t", ["t"])).inputs == ("t",)
    assert (await programs.get("e*t", ["t", "e"])).inputs == ("e", "t")


async def test_errors_are_remembered_and_raised_anew() -> None:
    programs = Programs()
    errors = []
    for _ in range(2):
        with pytest.raises(ExpressionError) as refused:
            await programs.get("t +", ["t"])
        errors.append(refused.value)
    assert errors[0] is not errors[1]
    assert str(errors[0]) == str(errors[1])


async def test_the_oldest_are_forgotten() -> None:
    programs = Programs(most_characters=4000)
    first = await programs.get("t + 1", ["t"])
    for i in range(2, 9):
        await programs.get(f"t + {i}", ["t"])
    assert await programs.get("t + 1", ["t"]) is not first


async def test_many_texts_of_one_caller_throw_out_none_of_another() -> None:
    programs = Programs(most_characters=4000)
    first = await programs.get("t + 1", ["t"], "neighbour")
    for i in range(2, 30):
        await programs.get(f"t + {i}", ["t"], "flood")
    assert await programs.get("t + 1", ["t"], "neighbour") is first


async def test_the_loop_stays_free_while_a_long_text_is_parsed() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count())
    text = " + ".join(f"sin(t*{i})" for i in range(5000))
    begin_at = time.perf_counter()
    await Programs().get(text, ["t"])
    counting.cancel()
    # One slice is 2 ms; on a slow machine a step may take longer, so the bound is generous
    assert turns > (time.perf_counter() - begin_at) / 0.05


async def test_a_caller_that_gives_up_does_not_take_the_program_from_another() -> None:
    programs = Programs()
    text = " + ".join(f"t*{i}" for i in range(3000))
    first, second = (asyncio.ensure_future(programs.get(text, ["t"])) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).inputs == ("t",)


class PretendingHelpers:
    """Remembers which texts it is asked to parse."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def ask(self, job: wpb.HelperJob, what: str, caller: str) -> wpb.HelperAnswer:
        assert what == f"a text of {len(job.parse.text):,} characters"
        self.asked.append((job.parse.text, caller))
        parsed = wpb.ParsedText(text="canonical", digest="d", components=["f"], inputs=["t"], operations=7)
        return wpb.HelperAnswer(parsed=parsed)


async def test_long_texts_and_derivatives_are_for_helpers() -> None:
    helpers: Any = PretendingHelpers()
    programs = Programs(helpers)
    assert (await programs.get("t + 1", ["t"], "someone")).text == "t + 1"
    long, tower = "+".join(["t"] * 2500), "diff(exp(exp(t)), t, 4)"
    for text in (long, tower, long, tower):
        found = await programs.get(text, ["t"], "someone")
        assert found == ("canonical", "d", ("f",), False, ("t",), frozenset(), 7, ())
    assert helpers.asked == [(long, "someone"), (tower, "someone")]
