"""How a server is doing: what is read of its answer, and what `gridgrad top` makes of it."""

from __future__ import annotations

import itertools
import math

import pytest

import gridgrad
import gridgrad.aio
from gridgrad.cli import main as cli
from gridgrad.cli.screen import LEGEND, screen
from gridgrad.results.server_status import ComputedTotals, Distribution, Load
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake import FakeServer

BOUNDS = [0.001, 0.01]
BUSY = pb.GetServerStatusResponse(
    version="1.2",
    up_s=3700,
    counting_s=60,
    load=pb.Load(
        queued=7,
        entries=9,
        most_entries=1024,
        held_bytes=3 << 20,
        most_held_bytes=1 << 30,
        streams=2,
        sessions=3,
        session_bytes=5 << 20,
        most_session_bytes=1 << 30,
    ),
    workers=[
        pb.WorkerStatus(number=0, pid=11, device="cpu", ready=True, batches=2, restarts=1, compiled=4, uncompiled=5),
        pb.WorkerStatus(number=1, restarts=3),
    ],
    answers=[
        pb.AnswerCount(via="session", code=0, count=100),
        pb.AnswerCount(via="unary", code=0, count=50),
        pb.AnswerCount(via="unary", code=8, count=10),
    ],
    computed=[
        pb.ComputedCount(engine="structured", tier="compiled", grids=90, points=3000),
        pb.ComputedCount(engine="functional", grids=60, points=1000),
    ],
    queue_s=pb.Distribution(bounds=BOUNDS, counts=[90, 9, 1], sum=0.5),
    compute_s=pb.Distribution(bounds=BOUNDS, counts=[0, 20, 0], sum=0.1),
    batch_size=pb.Distribution(bounds=[1, 2, 4], counts=[0, 0, 20, 0], sum=60),
)
EMPTY = pb.GetServerStatusResponse(
    version="1.2",
    up_s=3699,
    queue_s=pb.Distribution(bounds=BOUNDS, counts=[0, 0, 0]),
    compute_s=pb.Distribution(bounds=BOUNDS, counts=[0, 0, 0]),
    batch_size=pb.Distribution(bounds=[1, 2, 4], counts=[0, 0, 0, 0]),
)
SCREEN = """\
server    serving, up 1 h 1 min, version 1.2, here
requests  80/s, OK 75/s, RESOURCE_EXHAUSTED 5/s
waits     half up to 1 ms, 99 % up to 10 ms
batches   10/s, of 3.0 grids on average
computed  half up to 10 ms, 99 % up to 10 ms
points    2,000/s, functional 25%, structured compiled 75%
queue     7
held      9 of 1,024 requests, 3.0 of 1,024 MiB, open streams: 2
sessions  3, 5.0 of 1,024 MiB

worker  pid  device  state       batches  restarts  compiled  uncompiled
0       11   cpu     ready       2        1         4         5
1       -    -       restarting  0        3         0         0"""


def looks(server: FakeServer, *statuses: pb.GetServerStatusResponse) -> None:
    """Has the server answer so, the last one again and again."""
    answers = itertools.chain(statuses, itertools.repeat(statuses[-1]))
    server.plain[methods.SERVER_STATUS.path] = lambda _: next(answers).SerializeToString()


def test_a_status_is_read(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, BUSY)
    status = client.server_status()
    assert (status.version, status.up_s, status.draining, status.counting_s) == ("1.2", 3700, False, 60)
    assert status.load == Load(7, 9, 1024, 3 << 20, 1 << 30, 2, 3, 5 << 20, 1 << 30)
    assert status.workers == (
        gridgrad.WorkerStatus(0, 11, "cpu", True, 2, 1, 4, 5),
        gridgrad.WorkerStatus(1, 0, "", False, 0, 3, 0, 0),
    )
    assert status.answers == {("session", "OK"): 100, ("unary", "OK"): 50, ("unary", "RESOURCE_EXHAUSTED"): 10}
    assert status.computed == {
        ("structured", "compiled"): ComputedTotals(90, 3000),
        ("functional", ""): ComputedTotals(60, 1000),
    }
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


def test_what_happened_between_two_looks(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, EMPTY, BUSY)
    assert screen("here", client.server_status(), client.server_status(), 2.0) == SCREEN


def test_a_server_in_the_place_of_another_is_compared_with_nothing(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, BUSY, EMPTY)
    shown = screen("here", client.server_status(), client.server_status(), 1.0)
    assert "requests  0/s\n" in shown
    assert "no worker is ready" in shown


def test_a_server_that_drains(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, pb.GetServerStatusResponse(draining=True))
    assert "draining" in screen("here", client.server_status(), client.server_status(), 1.0)


def test_the_command_looks_once(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    looks(server, EMPTY, BUSY)
    assert cli.main(["top", "--server", server.address, "--once", "--every", "0.01"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"server    serving, up 1 h 1 min, version 1.2, {server.address}\n")
    assert shown.count("worker  pid") == 1
    assert "\x1b" not in shown


@pytest.mark.parametrize("every", ["0", "-1", "inf", "nan", "often"])
def test_an_interval_that_is_none(every: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["top", "--once", "--every", every])
    assert "--every" in capsys.readouterr().err


def test_every_row_is_explained_and_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["top", "--help"])
    assert LEGEND in capsys.readouterr().out
    rows = [row for row in SCREEN.splitlines()[1:-2] if row]
    assert all(f"\n  {row.split()[0].replace('worker', 'workers'):8}  " in LEGEND for row in rows)
    assert max(map(len, [*SCREEN.splitlines(), *LEGEND.splitlines()])) < 80


@pytest.mark.parametrize(
    ("points", "shown"), [(0, "0/s"), (12345, "12,345/s"), (3430000, "3.4 M/s"), (2000000000, "2.0 G/s")]
)
def test_rates_stay_short(server: FakeServer, client: gridgrad.Client, points: int, shown: str) -> None:
    later = pb.GetServerStatusResponse(computed=[pb.ComputedCount(engine="functional", points=points)])
    later.MergeFrom(EMPTY)
    looks(server, EMPTY, later)
    assert f"points    {shown}" in screen("here", client.server_status(), client.server_status(), 1.0)
