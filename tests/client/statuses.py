"""Statuses of a server, and a fake server that tells them."""

from __future__ import annotations

import itertools

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake import FakeServer

__all__ = ["BUSY", "EMPTY", "looks"]

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
        waiting_batches=12,
        wanted_workers=2,
        most_workers=4,
        kept_arrays=6,
        kept_array_bytes=7 << 20,
        most_kept_array_bytes=256 << 20,
        lanes=5,
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
    principals=[
        pb.PrincipalUse(
            principal="alice",
            weight=0.5,
            requests=1,
            held_bytes=2,
            sessions=3,
            total_requests=4,
            total_cost=5,
            refused=6,
            kept_array_bytes=7,
        )
    ],
)
EMPTY = pb.GetServerStatusResponse(
    version="1.2",
    up_s=3699,
    queue_s=pb.Distribution(bounds=BOUNDS, counts=[0, 0, 0]),
    compute_s=pb.Distribution(bounds=BOUNDS, counts=[0, 0, 0]),
    batch_size=pb.Distribution(bounds=[1, 2, 4], counts=[0, 0, 0, 0]),
)


def looks(server: FakeServer, *statuses: pb.GetServerStatusResponse) -> None:
    """Has the server answer so, the last one again and again."""
    answers = itertools.chain(statuses, itertools.repeat(statuses[-1]))
    server.plain[methods.SERVER_STATUS.path] = lambda _: next(answers).SerializeToString()
