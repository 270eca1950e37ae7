"""Messages of the protocol, and what is none."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import InternalError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.parse import broken, parse


def test_messages_are_read() -> None:
    sent = pb.Info(engine="structured", batch_size=3)
    assert parse(pb.Info(), sent.SerializeToString()) == sent


@pytest.mark.parametrize("raw", [b"\xff", b"\x22\x05ab", b"\x0b"])
def test_bytes_that_are_no_message_are_an_error_of_ours(raw: bytes) -> None:
    with pytest.raises(InternalError, match="response: bytes that are no message of the protocol; please report it"):
        parse(pb.Info(), raw)


def test_an_answer_that_breaks_the_protocol_says_what_to_do() -> None:
    assert "versions of client and server" in str(broken("a window of no result"))
