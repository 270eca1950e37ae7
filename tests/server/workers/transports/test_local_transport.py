"""Workers on this machine keep to what holds of every transport, and a death is seen with its status."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable

import pytest

from gridgrad_server.workers.transports.local_transport import LocalPlace
from gridgrad_server.workers.transports.transport import WorkerPlace
from tests.server.conftest import FAKE_WORKER
from tests.server.workers.transports.contract import CONTRACT, RememberingEvents

PLACE = LocalPlace([sys.executable, str(FAKE_WORKER)])


@pytest.mark.parametrize("held", CONTRACT, ids=lambda held: held.__name__)
async def test_it_keeps_to_the_contract(held: Callable[[WorkerPlace], Awaitable[None]]) -> None:
    await held(PLACE)


async def test_one_that_dies_is_to_blame_and_its_signal_is_told() -> None:
    events = RememberingEvents()
    transport = PLACE.open(events)
    await events.until_ready()
    os.kill(transport.pid, signal.SIGKILL)
    await events.until("gone")
    assert events.told[1:] == ["lost, to blame", "gone"]
    assert transport.status == -signal.SIGKILL
