"""Jobs are done once for all who wait, within their time, and not again for a minute once they were refused."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from gridgrad_core.errors import ExpressionError, TooLargeError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving import helpers as helpers_module
from gridgrad_server.deriving.helper_process import HelperProcess
from gridgrad_server.deriving.helpers import Helpers

COMMAND = [sys.executable, "-m", "gridgrad_worker.deriving"]
AMPLE = ["--bytes", str(256 << 20), "--seconds", "60"]
ENDLESS = "+".join(f"sin(x*{i})" for i in range(40_000))

Charged = list[tuple[str, float]]


@pytest.fixture(scope="module")
def process() -> Iterator[HelperProcess]:
    made = HelperProcess([*COMMAND, *AMPLE])
    yield made
    made.close()


@pytest.fixture
async def make(process: HelperProcess) -> AsyncIterator[Callable[..., tuple[Helpers, Charged]]]:
    made: list[Helpers] = []

    def helpers(most_s: float = 60.0) -> tuple[Helpers, Charged]:
        charged: Charged = []
        made.append(Helpers(process, most_s, lambda caller, seconds: charged.append((caller, seconds))))
        return made[-1], charged

    yield helpers
    for each in made:
        await each.close()


def parse(text: str) -> wpb.HelperJob:
    return wpb.HelperJob(parse=wpb.SourceText(text=text))


def running(process: HelperProcess) -> int:
    """How many helpers there are."""
    if process.pid is None:
        return 0
    return len(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())


async def until(look: Callable[[], object]) -> None:
    while not look():
        await asyncio.sleep(0.005)


async def test_a_job_is_done_and_charged(make: Callable[..., tuple[Helpers, Charged]]) -> None:
    helpers, charged = make()
    found = await helpers.ask(parse("x*2"), "a text", "someone")
    assert found.parsed.operations == 3
    ((caller, seconds),) = charged
    assert caller == "someone"
    assert seconds > 0


async def test_what_several_wait_for_is_done_once(make: Callable[..., tuple[Helpers, Charged]]) -> None:
    helpers, charged = make()
    found = await asyncio.gather(*(helpers.ask(parse("x*3"), "a text", caller) for caller in "abc"))
    assert found[0] is found[1] is found[2]
    assert [caller for caller, _ in charged] == ["a"]


async def test_what_takes_too_long_is_refused_with_what_it_is_and_the_limit(
    make: Callable[..., tuple[Helpers, Charged]], process: HelperProcess
) -> None:
    helpers, _ = make(most_s=0.01)  # a tenth of a second by the clock
    with pytest.raises(TooLargeError, match=r"a text of 7 words, which takes more than 0.01 s .*--derive-timeout"):
        await helpers.ask(parse(ENDLESS), "a text of 7 words", "someone")
    await until(lambda: not running(process))


async def test_what_was_refused_is_remembered(
    make: Callable[..., tuple[Helpers, Charged]], monkeypatch: pytest.MonkeyPatch
) -> None:
    helpers, charged = make()
    for _ in range(3):
        with pytest.raises(ExpressionError, match="write"):
            await helpers.ask(parse("x +"), "a text", "someone")
    assert len(charged) == 1
    monkeypatch.setattr(helpers_module, "_REMEMBERED_S", 0.0)
    forgetful, charged = make()
    for _ in range(2):
        with pytest.raises(ExpressionError):
            await forgetful.ask(parse("x +"), "a text", "someone")
    assert len(charged) == 2


async def test_a_job_ends_with_the_last_who_waits(
    make: Callable[..., tuple[Helpers, Charged]], process: HelperProcess
) -> None:
    helpers, charged = make()
    first, second = (asyncio.ensure_future(helpers.ask(parse(ENDLESS), "a text", "someone")) for _ in range(2))
    await until(lambda: running(process))
    first.cancel()
    await asyncio.sleep(0.05)
    assert running(process) == 1
    second.cancel()
    await until(lambda: not running(process))
    await until(lambda: charged)


async def test_two_are_done_at_a_time_and_the_others_wait(
    make: Callable[..., tuple[Helpers, Charged]], process: HelperProcess
) -> None:
    helpers, _ = make()
    jobs = [asyncio.ensure_future(helpers.ask(parse(f"{ENDLESS}+{i}"), "a text", "someone")) for i in range(4)]
    await until(lambda: running(process) == 2)
    await asyncio.sleep(0.05)
    assert running(process) == 2
    for job in jobs:
        job.cancel()
    await until(lambda: not running(process))


async def test_a_helper_that_dies_is_told_by_name() -> None:
    helpers = Helpers(HelperProcess([sys.executable, "-c", "pass"]), 60.0, lambda *_: None)
    with pytest.raises(TooLargeError, match="a text of 1 word, which a helper has died of"):
        await helpers.ask(parse("x"), "a text of 1 word", "someone")
    await helpers.close()


async def test_want_of_memory_is_told_with_the_limit() -> None:
    small = HelperProcess([*COMMAND, *AMPLE, "--bytes", str(24 << 20)])
    helpers = Helpers(small, 60.0, lambda *_: None)
    with pytest.raises(TooLargeError, match="a long text, which takes more than 256 MiB to prepare"):
        await helpers.ask(parse(ENDLESS), "a long text", "someone")
    await helpers.close()
