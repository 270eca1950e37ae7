"""How a grid was computed, as read from a response."""

from __future__ import annotations

import pytest

from gridgrad.results.info import FROM_VALUES, Info, info_of, read_info
from gridgrad_core.errors import InternalError
from gridgrad_core.v1 import gridgrad_pb2 as pb

MESSAGE = pb.Info(
    queue_s=0.25,
    compute_s=0.5,
    batch_size=3,
    engine="structured",
    tier="direct",
    device="cpu",
    version="9",
    digest="ab",
    solves=True,
)


def test_every_field_is_read() -> None:
    assert info_of(MESSAGE) == Info(0.25, 0.5, 3, "structured", "direct", "cpu", "9", "ab", solves=True)
    assert read_info(MESSAGE.SerializeToString()) == info_of(MESSAGE)
    assert set(Info._fields) - FROM_VALUES == {field.name for field in pb.Info.DESCRIPTOR.fields}


def test_bytes_that_are_none_are_the_servers_fault() -> None:
    with pytest.raises(InternalError):
        read_info(b"\xff\xff")
