"""Regions are made and forgotten as the server says, and pages of arenas are given back once they were sent."""

from __future__ import annotations

import os

import pytest

from gridgrad_core.errors import InternalError
from gridgrad_core.system.shared_memory import is_sealed
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.mirror import Mirror

SIZE = 1 << 16


def message(*slots: pb.Slot) -> bytes:
    return pb.ServerMessage(batch=pb.Batch(slots=slots)).SerializeToString()


def whole(slot: int) -> pb.Span:
    return pb.Span(slot=slot, rows=1, row_bytes=SIZE)


def new(slot: int) -> pb.Slot:
    return pb.Slot(id=slot, size=SIZE, descriptor_attached=True)


def test_regions_come_and_go_as_the_server_says() -> None:
    mirror = Mirror()
    descriptors = mirror.admit(message(new(1), new(2)))
    assert [is_sealed(each) for each in descriptors] == [True, True]
    mirror.regions.rows(whole(2))[0][:] = b"a" * SIZE
    assert os.pread(descriptors[1], 1, SIZE - 1) == b"a"
    for each in descriptors:
        os.close(each)
    assert mirror.batch is not None
    assert mirror.admit(message(pb.Slot(id=1, size=SIZE, forget=[2]))) == []
    with pytest.raises(InternalError):
        mirror.regions.rows(whole(2))
    assert mirror.admit(pb.ServerMessage(ping=pb.Ping(forget_slots=[1])).SerializeToString()) == []
    assert not mirror.batch
    assert not len(mirror.regions)


def test_only_what_lies_in_arenas_is_given_back() -> None:
    mirror = Mirror()
    for each in mirror.admit(message(new(1), new(2))):
        os.close(each)
    for slot in (1, 2):
        mirror.regions.rows(whole(slot))[0][:] = b"a" * SIZE
    mirror.give_back([whole(1), whole(2)])
    assert [bytes(mirror.regions.rows(whole(slot))[0][:1]) for slot in (1, 2)] == [b"a", b"\0"]
