"""Calls by number: asked for when calls share something, used from then on, asked for anew when lost."""

from __future__ import annotations

from typing import Any

import numpy as np

import gridgrad
from gridgrad.binding.bound_request import BoundRequest
from gridgrad.requests.call_numbers import CallNumbers
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import Request
from gridgrad_core.v1 import gridgrad_pb2 as pb

T, K = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
NUMBER = 0x0123456789ABCDEF


def call(function: Any = "t*k", **inputs: Any) -> PreparedCall:
    return prepare(Request(function, inputs or {"t": T, "k": K}))


def sent(numbers: CallNumbers, made: PreparedCall) -> pb.GridGradientRequest:
    return pb.GridGradientRequest.FromString(made._replace(number=numbers.of(made)).message)


def give(numbers: CallNumbers, made: PreparedCall, number: int = NUMBER) -> None:
    known = numbers.of(made)
    assert known is not None
    known.given(number)


def kinds(numbers: CallNumbers, made: PreparedCall, count: int) -> str:
    """How so many calls go: whole, asking for a number, or by it."""
    return "".join(
        "n" if each.bound else "a" if each.bind else "w" for each in (sent(numbers, made) for _ in range(count))
    )


def test_a_number_is_asked_for_the_second_time_and_used_from_then_on() -> None:
    numbers, made = CallNumbers(are_asked_for=True), call()
    assert kinds(numbers, made, 2) == "wa"
    give(numbers, made)
    message = sent(numbers, made)
    assert (message.bound, message.numbers) == (NUMBER, T.tobytes() + K.tobytes())
    assert not message.HasField("function")
    assert len(made._replace(number=numbers.of(made)).message) < 11 + T.nbytes + K.nbytes + 2
    assert kinds(numbers, call(t=T + 1, k=K), 1) == "n"
    assert kinds(numbers, call(t=T, k=np.append(K, 6.0)), 2) == "wa"
    assert kinds(numbers, call("t+k"), 2) == "wa"


def test_a_server_that_gives_none_is_asked_ever_less_often() -> None:
    numbers, made = CallNumbers(are_asked_for=True), call()
    assert kinds(numbers, made, 17) == "wa" + "a" + "wa" + "wwwa" + "wwwwwwwa"


def test_what_is_forgotten_is_asked_for_again_and_ever_less_often_where_it_never_lasts() -> None:
    numbers, made = CallNumbers(are_asked_for=True), call()
    known = numbers.of(made)
    assert known is not None
    for _ in range(20):
        known.given(NUMBER)
        known.forget()
    assert set(kinds(numbers, made, 1000)) == {"w"}
    known.given(NUMBER)
    assert kinds(numbers, made, 100) == "n" * 100
    known.forget()  # which has lasted
    assert kinds(numbers, made, 1) == "a"


def test_of_several_servers_none_is_asked() -> None:
    numbers, made = CallNumbers(are_asked_for=False), call()
    assert kinds(numbers, made, 10) == "w" * 10


def test_arrays_that_come_again_are_part_of_what_is_shared() -> None:
    numbers, plain = CallNumbers(are_asked_for=True), call()

    def repeated(t: Any = T, k: Any = K, digest: bytes = b"0") -> PreparedCall:
        return call(t=t, k=k)._replace(input_digests={0: digest})

    assert kinds(numbers, plain, 1) == kinds(numbers, repeated(), 1) == "w"
    asking = sent(numbers, repeated())
    assert (asking.bind, [*asking.fixed]) == (True, ["t"])
    give(numbers, repeated())
    message = sent(numbers, repeated(k=K + 1))
    assert (message.bound, message.numbers) == (NUMBER, (K + 1).tobytes())
    assert kinds(numbers, repeated(T + 1, digest=b"1"), 2) == "wa"
    assert kinds(numbers, plain, 1) == "a"
    bound = BoundRequest(Request("t*k", {"t": T, "k": K}), ["t"]).call({"t": T})
    assert [*sent(numbers, bound._replace(input_digests={0: b"0"})).fixed] == ["t", "k"]


def test_evenly_spaced_axes_and_tables_are_part_of_what_is_shared() -> None:
    numbers = CallNumbers(are_asked_for=True)
    table = gridgrad.table([1.0, 2.0, 4.0], x=[0.0, 1.0, 2.0], method="linear")
    other = gridgrad.table([1.0, 2.0, 5.0], x=[0.0, 1.0, 2.0], method="linear")

    def spaced(stop: float, of: Any, k: Any = K) -> PreparedCall:
        return call("V(t)*k", t=gridgrad.linspace(0, stop, 5), k=k, V=of)

    assert kinds(numbers, spaced(1.0, table), 2) == "wa"
    give(numbers, spaced(1.0, table))
    message = sent(numbers, spaced(1.0, table, K + 1))
    assert (message.bound, message.numbers) == (NUMBER, (K + 1).tobytes())
    assert kinds(numbers, spaced(2.0, table), 1) == "w"
    assert kinds(numbers, spaced(1.0, other), 1) == "w"


def test_what_a_bound_call_fixes_stays_at_the_server() -> None:
    numbers = CallNumbers(are_asked_for=True)
    bound = BoundRequest(Request("a*t*k", {"t": T, "k": K, "a": 1.0}), ["k", "a"])
    made = bound.call({"a": 2.0, "k": K})
    first = sent(numbers, made)
    assert (first.bind, list(first.fixed)) == (True, ["t"])
    assert [len(each.array.data) for each in first.inputs] == [16, 24, 8]
    give(numbers, made)
    assert sent(numbers, made).numbers == K.tobytes() + np.float64(2).tobytes()
    nothing = BoundRequest(Request("t*k", {"t": T, "k": K}), []).call({})
    give(numbers, nothing)
    assert (
        nothing._replace(number=numbers.of(nothing)).message == pb.GridGradientRequest(bound=NUMBER).SerializeToString()
    )
