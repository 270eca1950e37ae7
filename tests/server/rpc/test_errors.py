from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from gridgrad_core.errors import REASONS, BusyError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import STATUS_NAMES
from gridgrad_core.wire.error_details import from_detail
from gridgrad_server.rpc.errors import abort, shortened, to_status

PROTOCOL = Path(__file__).parents[3] / "docs/protocol.md"
ROW = re.compile(r"^\| `([A-Z_]+)` \| ((?:`[A-Z_]+`(?:, )?)+) \|", re.MULTILINE)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_status_and_comes_back(reason: str) -> None:
    kind = REASONS[reason].error
    status = to_status(kind("a field", "what was found", "a remedy"))
    assert status.code == REASONS[reason].code
    assert status.message == "a field: what was found; a remedy"
    assert (status.detail.closer_reason or status.detail.reason) == pb.ErrorReason.Value(f"ERROR_REASON_{reason}")
    back = from_detail(status.detail)
    assert type(back) is kind
    assert (back.field, back.found, back.remedy) == ("a field", "what was found", "a remedy")


def test_every_reason_of_the_schema_is_in_the_table() -> None:
    numbers = {value.number for value in pb.ErrorReason.DESCRIPTOR.values} - {0}
    assert numbers == {reason.number for reason in REASONS.values()}


def test_the_table_in_the_docs_is_this_one() -> None:
    found = ROW.findall(PROTOCOL.read_text())
    rows = {reason: code for code, reasons in found for reason in re.findall("[A-Z_]+", reasons)}
    assert rows == {name: STATUS_NAMES[reason.code] for name, reason in REASONS.items()}


def test_what_a_request_made_long_fits_the_trailers() -> None:
    long = "∂" * 5000
    for kind in {reason.error for reason in REASONS.values()}:
        error = shortened(kind(long, f"begin{long}end", long))
        # Percent-encoded in the message, and base64 in the trailer
        assert 3 * len(str(error).encode()) + 2 * len(to_status(error).detail.SerializeToString()) < 8192
        assert error.found.startswith("begin∂")
        assert error.found.endswith("∂end")


def test_short_errors_stay_as_they_are() -> None:
    error = REASONS["REQUEST"].error("inputs[0]", "ü", "")
    assert str(shortened(error)) == str(error)


def test_a_time_to_come_again_is_kept() -> None:
    error = BusyError("", "ü" * 5000, "later")
    assert to_status(error).pushback_ms == 0
    error.pushback_s = 1.2301
    assert to_status(error).pushback_ms == 1231


async def test_nobody_is_told_who_is_gone() -> None:
    class Gone:
        async def abort(self, *_: object) -> None:
            raise grpc.aio.InternalError("the call has ended")

    gone: Any = Gone()
    with pytest.raises(asyncio.CancelledError):
        await abort(gone, BusyError("", "full"))
