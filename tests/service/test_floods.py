"""Floods of small grids: packed, computed together, failing one by one, and in nobody else's way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from grpc import StatusCode
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import OPTIONS, Calls, array_input, axis, parameter, request
from tests.service.gates import GATE, at_gate
from tests.service.harness import DEADLY, HOLD, PATIENCE_S, Running

FUNCTION = "sin(t)*k + a*exp(-t*k)"


def ragged(count: int, seed: int = 0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    shapes = [(3, 2), (8, 8), (1, 5), (0, 4)]
    return [
        {"t": rng.normal(size=shapes[n % 4][0]), "k": rng.normal(size=shapes[n % 4][1]), "a": float(n)}
        for n in range(count)
    ]


def pack(first_id: int, function: str | pb.Function, x: Any) -> pb.StreamGridGradientsRequest:
    """Requests of one axis each: x is [entries, points]."""
    values = np.asarray(x, float)
    asked = request(function, [array_input("x", ["x"], values)], ["x"])
    return pb.StreamGridGradientsRequest(id=first_id, entries=len(values), request=asked)


def answers(calls: Calls, *messages: pb.StreamGridGradientsRequest) -> list[pb.StreamGridGradientsResponse]:
    raws = calls.open_stream(iter([message.SerializeToString() for message in messages]))
    return [pb.StreamGridGradientsResponse.FromString(raw) for raw in raws]


def by_id(parts: list[pb.StreamGridGradientsResponse]) -> dict[int, Any]:
    """The buffer or the reason of each entry; what is answered twice is a mistake."""
    found: dict[int, Any] = {}
    for part in parts:
        for position in range(max(1, part.entries)):
            assert part.id + position not in found
            if part.HasField("status"):
                found[part.id + position] = pb.ErrorReason.Name(part.status.detail.reason)
            else:
                stride = len(part.data) // max(1, part.entries)
                size = 8 * (1 + len(part.header.derivatives)) * int(np.prod(part.header.shape))
                found[part.id + position] = np.frombuffer(part.data[position * stride :][:size])
    return found


def test_a_map_gives_what_single_calls_give_to_the_bit(client: gridgrad.Client) -> None:
    asked = ragged(200)
    results = list(client.map(FUNCTION, asked, wrt=["t", "k", "a"]))
    for inputs, result in zip(asked, results, strict=True):
        single = client.gradient(FUNCTION, inputs, wrt=["t", "k", "a"])
        for wrt in [(), *single.d]:
            assert_array_equal(result.d[wrt], single.d[wrt])
    assert max(result.info.batch_size for result in results) > 8


def test_a_pack_is_answered_in_few_messages_with_aligned_buffers(calls: Calls) -> None:
    x = np.arange(60.0).reshape(20, 3)
    parts = answers(calls, pack(7, "x**2", x))
    assert len(parts) < 20
    found = by_id(parts)
    assert sorted(found) == list(range(7, 27))
    for position, values in enumerate(x):
        assert_array_equal(found[7 + position], [*values**2, *2 * values])
    stride = 64  # six numbers of 8 bytes, and zeros
    for part in parts:
        assert len(part.data) == stride * max(1, part.entries)
        assert all(part.data[at + 48 : at + 64] == bytes(16) for at in range(0, len(part.data), stride))


def test_an_input_may_be_the_same_for_all_of_a_pack(calls: Calls) -> None:
    x = np.arange(6.0).reshape(3, 2)
    asked = request("a*x", [array_input("x", ["x"], x), parameter("a", 3.0)])
    found = by_id(answers(calls, pb.StreamGridGradientsRequest(id=0, entries=3, request=asked)))
    assert [found[n].tolist() for n in range(3)] == (3 * x).tolist()


def test_what_is_too_large_for_a_pack_comes_in_windows_all_the_same(calls: Calls) -> None:
    x = np.arange(300_000.0).reshape(2, -1)
    parts = answers(calls, pack(3, "x**2", x))
    assert {part.id for part in parts} == {3, 4}
    for entry, values in zip((3, 4), x, strict=True):
        planes = np.full((2, values.size), np.nan)
        for part in (part for part in parts if part.id == entry):
            window, shape = part.window, (part.window.planes, part.window.points)
            columns = slice(window.first_point, window.first_point + window.points)
            planes[window.first_plane : window.first_plane + window.planes, columns] = np.frombuffer(part.data).reshape(
                shape
            )
        assert_array_equal(planes, [values**2, 2 * values])


def test_entries_of_a_pack_fail_by_themselves(calls: Calls) -> None:
    x = [[1.0], [2 * DEADLY], [3.0], [4.0], [2 * DEADLY]]
    found = by_id(answers(calls, pack(0, pb.Function(registered="fails"), x)))
    assert [found[1], found[4]] == ["ERROR_REASON_REQUEST"] * 2
    for n in (0, 2, 3):
        np.testing.assert_allclose(found[n], [np.sin(x[n][0]), np.cos(x[n][0])], rtol=1e-15)


def test_a_deadly_entry_of_a_pack_dies_alone(server: Running, calls: Calls) -> None:
    deaths = server.control.deaths()
    found = by_id(answers(calls, pack(0, pb.Function(registered="deadly"), [[1.0], [2 * DEADLY], [3.0]])))
    assert found.pop(1) == "ERROR_REASON_CRASH"
    assert {n: numbers.tolist() for n, numbers in found.items()} == {0: [1, 3], 2: [27, 27]}
    assert server.control.deaths() == deaths + 2


def test_a_pack_that_is_wrong_is_refused_entry_by_entry(calls: Calls) -> None:
    wrong = pack(0, "x**2 + y", [[1.0], [2.0]])
    uneven = pack(2, "x", [[1.0], [2.0]])
    uneven.entries = 3
    assert by_id(answers(calls, wrong, uneven, pack(5, "x", [[1.0]]))) == {
        **dict.fromkeys(range(5), "ERROR_REASON_REQUEST"),
        5: pytest.approx([1.0, 1.0]),
    }


@pytest.mark.parametrize(("first", "entries"), [(0, -1), (0, 5000)])
def test_a_count_of_entries_that_can_t_be_is_refused(calls: Calls, first: int, entries: int) -> None:
    message = pack(first, "x", [[1.0], [2.0]])
    message.entries = entries
    assert set(by_id(answers(calls, message)).values()) == {"ERROR_REASON_REQUEST"}


@pytest.mark.parametrize("first", [3, 8, (1 << 64) - 1])
def test_ids_of_packs_that_overlap_end_the_stream(server: Running, calls: Calls, first: int) -> None:
    held = pb.StreamGridGradientsRequest(id=5, entries=4)
    held.request.CopyFrom(pack(5, pb.Function(registered="gate"), [[HOLD + 1]] * 4).request)
    with server.control.held(), pytest.raises(grpc.RpcError) as caught:
        answers(calls, held, pack(first, "x", [[1.0]] * 3))
    assert caught.value.code() is StatusCode.INVALID_ARGUMENT


def flood(calls: Calls, packs: int, client_id: str) -> Any:
    """Packs of 100 entries at the gate, of the values from 1 on, on a stream; returns when they are sent."""
    sent = threading.Event()

    def messages() -> Iterator[bytes]:
        for number in range(packs):
            x = 1.0 + number * 100 + np.arange(100.0).reshape(100, 1)
            yield pack(number * 100, GATE, x).SerializeToString()
        sent.set()

    stream = calls.open_stream(messages(), client_id=client_id)
    assert sent.wait(PATIENCE_S)
    calls.flush()
    return stream


@pytest.mark.parametrize("alike", [True, False])
def test_a_single_call_overtakes_a_flood(server: Running, calls: Calls, alike: bool) -> None:
    """It waits for the batch that is computing and the one that waits, and for no more of the flood."""
    server.control.forget_points()
    with grpc.insecure_channel(server.address, OPTIONS) as channel, server.control.held():
        blocking = calls.start(at_gate(HOLD + 1))
        server.control.await_held()
        stream = flood(Calls(channel), 30, "flood")
        single = calls.start(at_gate(0.5) if alike else request(GATE, [axis("x", [0.5])], ["x"]))
        calls.flush()
        server.control.release()
        single.result()
        blocking.result()
        assert len(by_id([pb.StreamGridGradientsResponse.FromString(raw) for raw in stream])) == 3000
    order = server.control.points_in_order()
    assert order.index(0.5) - order.index(1.0) <= 200


def test_floods_share_the_workers(server: Running, calls: Calls) -> None:
    """Of two floods at once neither is done long before the other."""
    server.control.forget_points()
    with server.control.held():
        blocking = calls.start(at_gate(HOLD + 1))
        server.control.await_held()
        streams = [flood(calls, 20, client_id) for client_id in ("one", "two")]
        server.control.release()
        for stream in streams:
            for _ in stream:
                pass
        blocking.result()
    seen = [x for x in server.control.points_in_order() if x < HOLD]
    first_half = seen[: len(seen) // 2]
    assert [first_half.count(x) for x in (1.0, 101.0, 501.0)] == [2, 2, 2]
