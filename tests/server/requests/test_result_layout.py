"""A request that is known again by its bytes is read as if it were read in full, whoever wrote them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.errors import RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.config.settings import Settings
from gridgrad_server.requests import result_layout as forms
from gridgrad_server.requests.decode import Array, read
from gridgrad_server.requests.function_key import Plans
from gridgrad_server.requests.programs import Programs
from gridgrad_server.requests.result_layout import Form, Forms
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.scheduling.entry import Entry
from gridgrad_server.scheduling.observer import Observers


class ReadyWorkers:
    """What an intake asks of the workers."""

    count = 1
    ready = wpb.Ready()
    hopeless = False


def axis(name: str, data: bytes) -> pb.Input:
    return pb.Input(name=name, dims=[name], array=pb.Array(shape=[len(data) // 8], data=data))


def request(*inputs: pb.Input, expression: str = "t*k") -> pb.GridGradientRequest:
    return pb.GridGradientRequest(function=pb.Function(expression=expression), inputs=inputs)


T, K = axis("t", bytes(range(24))), axis("k", bytes(range(16)))


@pytest.fixture
def intake() -> Intake:
    workers: Any = ReadyWorkers()
    return Intake(Settings(), Plans(Programs(), "1"), workers, Observers())


async def entry_of(intake: Intake, raw: bytes) -> Entry:
    nowhere: Any = None
    asked = raw, nowhere, "", None
    return intake.known_entry_of(*asked) or await intake.entry_of(*asked)


def known(raw: bytes) -> tuple[Forms, Form, list[bytes]]:
    reading = read(pb.GridGradientRequest.FromString(raw))
    data = [each.values.data for each in reading.inputs if isinstance(each.values, Array)]
    made = Forms()
    form: Any = object()
    made.learn(raw, form, data)
    return made, form, data


async def test_what_differs_in_numbers_alone_has_the_same_form_and_its_own_numbers(intake: Intake) -> None:
    first = await entry_of(intake, request(T, K).SerializeToString())
    second = await entry_of(intake, request(axis("t", bytes(24)), axis("k", b"\xff" * 16)).SerializeToString())
    assert second.form is first.form
    assert first.data == [bytes(range(24)), bytes(range(16))]
    assert second.data == [bytes(24), b"\xff" * 16]


@pytest.mark.parametrize(
    "other",
    [
        request(T, K, expression="t+k"),
        request(axis("t", bytes(16)), axis("k", bytes(24))),
        request(T, axis("j", bytes(16)), expression="t*j"),
        pb.GridGradientRequest(
            function=pb.Function(expression="t*k"), inputs=[T, K], derivatives=[pb.Derivative(wrt=["t"])]
        ),
    ],
)
async def test_what_differs_otherwise_has_another_form(intake: Intake, other: pb.GridGradientRequest) -> None:
    first = await entry_of(intake, request(T, K).SerializeToString())
    for _ in range(2):  # read, then known again
        second = await entry_of(intake, other.SerializeToString())
        assert second.form is not first.form
        assert second.data == [each.array.data for each in other.inputs]


async def test_linspaces_are_told_apart(intake: Intake) -> None:
    spaced = [
        pb.Input(name="t", dims=["t"], linspace=pb.Linspace(start=0, stop=stop, num=3)) for stop in (1.0, 2.0, 1.0)
    ]
    one, two, again = [await entry_of(intake, request(each, K).SerializeToString()) for each in spaced]
    assert one.form is again.form
    assert two.form is not one.form


ARRAYS = st.lists(st.binary(max_size=5).map(lambda data: data * 8), min_size=1, max_size=3)
TWICE = st.sampled_from(["once", "data twice", "array twice", "empty first", "no data field", "a linspace over it"])


def spelled(name: str, data: bytes, how: str) -> bytes:
    """An input's bytes, spelled in ways in which protobuf lets a later field win."""
    plain = axis(name, data)
    kept = pb.Input(array=pb.Array(data=data)).SerializeToString()
    if how == "no data field" and not data:
        return pb.Input(name=name, dims=[name], array=pb.Array(shape=[0])).SerializeToString()
    if how == "a linspace over it":
        return plain.SerializeToString() + pb.Input(linspace=pb.Linspace(num=2)).SerializeToString()
    if how == "array twice":
        return axis(name, data[::-1]).SerializeToString() + pb.Input(array=pb.Array(data=data)).SerializeToString()
    if how == "empty first":
        return pb.Input(name=name, array=pb.Array(data=b"")).SerializeToString() + plain.SerializeToString()
    return plain.SerializeToString() + (kept if how == "data twice" else b"")


@given(ARRAYS, st.lists(TWICE, min_size=3, max_size=3), st.randoms())
def test_however_a_request_is_spelled_its_numbers_are_those_that_protobuf_reads(
    arrays: list[bytes], how: list[str], random: Any
) -> None:
    raw = request().SerializeToString()
    for position, (data, each) in enumerate(zip(arrays, how, strict=False)):
        one = spelled(f"x{position}", data, each)
        raw += bytes([2 << 3 | 2]) + pb_length(one) + one
    try:
        made, form, numbers = known(raw)
    except RequestError:
        return  # "array twice" has two shapes
    changed = bytearray(raw)
    for old in numbers:
        at = raw.find(old) if old else 0
        changed[at : at + len(old)] = random.randbytes(len(old))
    found = made.find(bytes(changed))
    if found:
        reading = read(pb.GridGradientRequest.FromString(bytes(changed)))
        assert found[1] == [each.values.data for each in reading.inputs if isinstance(each.values, Array)]
        assert found[0] is form


def pb_length(raw: bytes) -> bytes:
    assert len(raw) < 1 << 14
    return bytes([len(raw)]) if len(raw) < 128 else bytes([len(raw) & 127 | 128, len(raw) >> 7])


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_MOST_FORMS", 8)
    made = Forms()
    form: Any = object()
    raws = [request(axis("t", bytes(8 * n)), K).SerializeToString() for n in range(1, 20)]
    for raw in raws:
        made.learn(raw, form, [each.array.data for each in pb.GridGradientRequest.FromString(raw).inputs])
        assert made.find(raw)
        assert sum(made.find(each) is not None for each in raws) <= 8


def test_a_long_text_is_not_remembered() -> None:
    raw = request(T, K, expression="t*k" + "+t*k" * 5000).SerializeToString()
    made, _, _ = known(raw)
    assert made.find(raw) is None
