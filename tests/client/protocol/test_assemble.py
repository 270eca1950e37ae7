"""Answers put together: windows in any order, packs, and answers that make no sense."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.protocol.assemble import Assembly, read_message, read_pack
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.requests.prepare import PreparedCall, prepare, stream_message
from gridgrad.requests.request import Request
from gridgrad_core.errors import CrashError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import entry, failed_entry, together, windows

T, K = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])
SUMS = np.add.outer(T, K)


def call_of(t: Any = T, **given: Any) -> PreparedCall:
    return prepare(Request("t*k", {"t": t, "k": K}, **given))


def message_of(call: PreparedCall, request_id: int = 1) -> pb.StreamGridGradientsRequest:
    return pb.StreamGridGradientsRequest.FromString(stream_message(request_id, [call]))


def test_an_answer_in_one_message_is_a_view_of_it() -> None:
    call = call_of()
    raw = entry(message_of(call))
    result = Assembly(call).feed(read_message(raw))
    assert result is not None
    assert_array_equal(result.d["k"], 2000 + SUMS)
    assert np.shares_memory(result.value, np.frombuffer(raw, np.uint8))
    assert not result.value.flags.writeable


@pytest.mark.parametrize(
    "boxes", [[(0, 1, 0, 6), (1, 2, 0, 6)], [(2, 1, 3, 3), (2, 1, 0, 3), (0, 2, 5, 1), (0, 2, 0, 5)]]
)
def test_windows_come_in_any_order(boxes: list[tuple[int, int, int, int]]) -> None:
    call, told = call_of(), list[tuple[int, int]]()
    assembly = Assembly(call, lambda *points: told.append(points))
    *early, last = [assembly.feed(read_message(raw)) for raw in windows(message_of(call), boxes)]
    assert not any(early)
    assert last is not None
    for plane, array in enumerate((last.value, last.d["t"], last.d["k"])):
        assert_array_equal(array, 1000 * plane + SUMS)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (6, 6)
    assert not last.value.flags.writeable


def test_out_takes_the_windows_and_stays_writable() -> None:
    out = np.empty((3, 3, 2))
    call = call_of(out=out)
    assembly = Assembly(call)
    for raw in windows(message_of(call), [(1, 2, 0, 6), (0, 1, 0, 6)]):
        result = assembly.feed(read_message(raw))
    assert result is not None
    assert result.value.base is out
    assert result.value.flags.writeable
    assert_array_equal(out[2], 2000 + SUMS)


def test_an_answer_that_ends_too_early_or_begins_without_a_header_is_broken() -> None:
    call = call_of()
    (only,) = windows(message_of(call), [(0, 3, 0, 5)])
    with pytest.raises(gridgrad.InternalError, match="3 numbers missing"):
        Assembly(call).feed(read_message(only))
    _, second = windows(message_of(call), [(0, 1, 0, 6), (1, 2, 0, 6)])
    with pytest.raises(gridgrad.InternalError, match="without a header"):
        Assembly(call).feed(read_message(second))


def test_a_status_fails_the_request() -> None:
    call = call_of()
    with pytest.raises(EntryFailed) as caught:
        Assembly(call).feed(read_message(failed_entry(message_of(call), CrashError("", "gone", ""))))
    assert "gone" in caught.value.status.message


def test_a_pack_has_a_result_for_each_that_is_waited_for() -> None:
    calls = [call_of(n * T) for n in range(3)]
    raw = together([message_of(call, 1 + n) for n, call in enumerate(calls)])
    first, last = read_pack(read_message(raw), [calls[0], None, calls[2]])
    assert_array_equal(first.value, np.add.outer(0 * T, K))
    assert_array_equal(last.d["t"], 1000 + np.add.outer(2 * T, K))
    assert last.request is calls[2].request
    with pytest.raises(gridgrad.InternalError):
        list(read_pack(read_message(raw), calls[:2]))
