"""How a server is doing: what is read of its answer."""

from __future__ import annotations

import math

import pytest

import gridgrad
import gridgrad.aio
from gridgrad.results.server_status import ComputedTotals, Distribution, Load, PrincipalUse
from gridgrad_core import errors
from tests.client.fake import FakeServer
from tests.client.statuses import BUSY, looks


def test_a_status_is_read(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, BUSY)
    status = client.server_status()
    assert (status.version, status.up_s, status.draining, status.counting_s) == ("1.2", 3700, False, 60)
    assert status.load == Load(7, 9, 1024, 3 << 20, 1 << 30, 2, 3, 5 << 20, 1 << 30, 12, 2, 4, 6, 7 << 20, 256 << 20, 5)
    assert status.workers == (
        gridgrad.WorkerStatus(0, 11, "cpu", True, 2, 1, 4, 5),
        gridgrad.WorkerStatus(1, 0, "", False, 0, 3, 0, 0),
    )
    assert status.answers == {("session", "OK"): 100, ("unary", "OK"): 50, ("unary", "RESOURCE_EXHAUSTED"): 10}
    assert status.computed == {
        ("structured", "compiled"): ComputedTotals(90, 3000),
        ("functional", ""): ComputedTotals(60, 1000),
    }
    assert status.principals == (PrincipalUse("alice", 0.5, 1, 2, 3, 4, 5, 6, 7),)
    assert status.queue_s == Distribution((0.001, 0.01), (90, 9, 1), 0.5)


async def test_the_other_client_reads_it_too(server: FakeServer) -> None:
    looks(server, BUSY)
    async with gridgrad.aio.Client(server.address) as client:
        assert (await client.server_status()).load.queued == 7


def test_a_server_that_has_no_status_says_so(client: gridgrad.Client) -> None:
    with pytest.raises(errors.GridgradError, match="no older than this client"):
        client.server_status()


def test_quantiles_of_a_distribution() -> None:
    values = Distribution((1.0, 2.0), (5, 4, 1), 9.0)
    assert [values.quantile(share) for share in (0, 0.5, 0.51, 0.9, 1)] == [1, 1, 2, 2, math.inf]
    assert values.since(Distribution((1.0, 2.0), (5, 0, 0), 1.0)) == Distribution((1.0, 2.0), (0, 4, 1), 8.0)
    assert math.isnan(Distribution((1.0,), (0, 0), 0.0).quantile(0.5))
