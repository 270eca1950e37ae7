"""The library of special functions is compiled once for all who wait for it, whoever of them gives up."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from gridgrad_server.deriving.special_library import SpecialLibrary
from tests.server.local_sessions.callers import until

WAITS = "import pathlib, sys, time; open(sys.argv[1], 'a').write('begun ')\nwhile True: time.sleep(0.01)"
FAILS = "import sys; sys.exit('there is no room')"


async def test_it_is_compiled_once_for_all_who_wait(tmp_path: Path) -> None:
    said = tmp_path / "said"
    library = SpecialLibrary([sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write('begun ')", str(said)])
    await asyncio.gather(*(library.settle() for _ in range(3)))
    await library.settle()
    assert library.is_settled
    assert said.read_text() == "begun "
    await library.close()


async def test_who_gives_up_does_not_end_it_and_the_end_of_the_server_does(tmp_path: Path) -> None:
    said = tmp_path / "said"
    library = SpecialLibrary([sys.executable, "-c", WAITS, str(said)])
    waiting = [asyncio.create_task(library.settle()) for _ in range(2)]
    await until(said.exists)
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    assert not waiting[1].done()
    process = library._process
    assert process is not None
    assert process.returncode is None
    await library.close()
    await asyncio.gather(*waiting, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.parametrize("command", [[sys.executable, "-c", FAILS], ["/nowhere/to/be/found"]])
async def test_where_it_can_not_be_had_workers_are_asked_all_the_same(
    command: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    library = SpecialLibrary(command)
    await library.settle()
    assert library.is_settled
    assert len(caplog.records) == 1
    await library.close()


async def test_nothing_is_started_before_it_is_needed() -> None:
    library = SpecialLibrary(["/nowhere/to/be/found"])
    await library.close()
    assert not library.is_settled
