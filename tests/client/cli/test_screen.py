"""What `gridgrad top` makes of two looks at a server."""

from __future__ import annotations

import pytest

import gridgrad
from gridgrad.cli.screen import LEGEND, screen
from gridgrad.cli.tables import as_text
from gridgrad.results.server_status import ServerStatus
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer
from tests.client.statuses import BUSY, EMPTY, looks

SCREEN = """\
server    serving, up 1 h 1 min, version 1.2, here
requests  80/s, OK 75/s, RESOURCE_EXHAUSTED 5/s
waits     half up to 1 ms, 99 % up to 10 ms
batches   10/s, of 3.0 grids on average
computed  half up to 10 ms, 99 % up to 10 ms
points    2,000/s, functional 25%, structured compiled 75%
queue     7, 2 of 4 workers are wanted
held      9 of 1,024 requests, 3.0 of 1,024 MiB, open streams: 2
sessions  3, 5.0 of 1,024 MiB

worker  pid  device  state       batches  restarts  compiled  uncompiled
0       11   cpu     ready       2        1         4         5
1       -    -       restarting  0        3         0         0

principal  weight  held  MiB  sessions  requests  cost  refused
alice      0.5     1     0.0  3         2/s       2/s   3/s"""


def shown(address: str, before: ServerStatus, now: ServerStatus, passed_s: float) -> str:
    return "\n\n".join(map(as_text, screen(address, before, now, passed_s)))


def test_what_happened_between_two_looks(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, EMPTY, BUSY)
    assert shown("here", client.server_status(), client.server_status(), 2.0) == SCREEN


def test_a_server_in_the_place_of_another_is_compared_with_nothing(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, BUSY, EMPTY)
    text = shown("here", client.server_status(), client.server_status(), 1.0)
    assert "requests  0/s\n" in text
    assert "no worker is ready" in text


def test_a_server_that_drains(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, pb.GetServerStatusResponse(draining=True))
    assert "draining" in shown("here", client.server_status(), client.server_status(), 1.0)


def test_every_row_is_explained_and_fits_a_terminal() -> None:
    names = [row.split()[0] for row in SCREEN.splitlines()[1:] if row]
    explained = {"worker": "workers", "principal": "principals"}
    told = [explained.get(name, name) for name in names if name not in ("0", "1", "alice")]
    assert all(f"\n  {name:8}  " in LEGEND for name in told)
    assert max(map(len, [*SCREEN.splitlines(), *LEGEND.splitlines()])) < 80


@pytest.mark.parametrize(
    ("points", "rate"), [(0, "0/s"), (12345, "12,345/s"), (3430000, "3.4 M/s"), (2000000000, "2.0 G/s")]
)
def test_rates_stay_short(server: FakeServer, client: gridgrad.Client, points: int, rate: str) -> None:
    later = pb.GetServerStatusResponse(computed=[pb.ComputedCount(engine="functional", points=points)])
    later.MergeFrom(EMPTY)
    looks(server, EMPTY, later)
    assert f"points    {rate}" in shown("here", client.server_status(), client.server_status(), 1.0)
