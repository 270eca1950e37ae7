"""A request that is known again by its bytes is read as if it were read in full, whoever wrote them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.errors import RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.decode import read
from gridgrad_server.requests.request_cache import RequestCache, ServerTemplate, result_header
from gridgrad_server.requests.result_info import ComputedBy, ResultInfo
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.scheduling.request import GridRequest
from tests.server.building import function_key, make_intake, make_template


def axis(name: str, data: bytes) -> pb.Input:
    return pb.Input(name=name, dims=[name], array=pb.Array(shape=[len(data) // 8], data=data))


def request(*inputs: pb.Input, expression: str = "t*k") -> pb.GridGradientRequest:
    return pb.GridGradientRequest(function=pb.Function(expression=expression), inputs=inputs)


T, K = axis("t", bytes(range(24))), axis("k", bytes(range(16)))


@pytest.fixture
def intake() -> Intake:
    return make_intake()


async def read_or_known(intake: Intake, raw: bytes) -> GridRequest:
    nowhere: Any = None
    call = raw, nowhere, "", None
    return intake.known_request(*call) or await intake.read_request(*call)


def known(raw: bytes) -> tuple[RequestCache, ServerTemplate, list[bytes]]:
    numbers = read(pb.GridGradientRequest.FromString(raw)).numbers
    made = RequestCache()
    template: Any = object()
    made.learn(raw, template, numbers)
    return made, template, numbers


async def test_what_differs_in_numbers_alone_has_the_same_template_and_its_own_numbers(intake: Intake) -> None:
    first = await read_or_known(intake, request(T, K).SerializeToString())
    second = await read_or_known(intake, request(axis("t", bytes(24)), axis("k", b"\xff" * 16)).SerializeToString())
    assert second.template is first.template
    assert first.numbers == [bytes(range(24)), bytes(range(16))]
    assert second.numbers == [bytes(24), b"\xff" * 16]


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
async def test_what_differs_otherwise_has_another_template(intake: Intake, other: pb.GridGradientRequest) -> None:
    first = await read_or_known(intake, request(T, K).SerializeToString())
    for _ in range(2):  # read, then known again
        second = await read_or_known(intake, other.SerializeToString())
        assert second.template is not first.template
        assert second.numbers == [each.array.data for each in other.inputs]


async def test_linspaces_are_told_apart(intake: Intake) -> None:
    spaced = [
        pb.Input(name="t", dims=["t"], linspace=pb.Linspace(start=0, stop=stop, num=3)) for stop in (1.0, 2.0, 1.0)
    ]
    one, two, again = [await read_or_known(intake, request(each, K).SerializeToString()) for each in spaced]
    assert one.template is again.template
    assert two.template is not one.template


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
        made, template, numbers = known(raw)
    except RequestError:
        return  # "array twice" has two shapes
    changed = bytearray(raw)
    for old in numbers:
        at = raw.find(old) if old else 0
        changed[at : at + len(old)] = random.randbytes(len(old))
    found = made.find(bytes(changed))
    if found:
        assert found[1] == read(pb.GridGradientRequest.FromString(bytes(changed))).numbers
        assert found[0] is template


def pb_length(raw: bytes) -> bytes:
    assert len(raw) < 1 << 14
    return bytes([len(raw)]) if len(raw) < 128 else bytes([len(raw) & 127 | 128, len(raw) >> 7])


def test_what_is_remembered_is_bounded() -> None:
    made = RequestCache(most_templates=8)
    template: Any = object()
    raws = [request(axis("t", bytes(8 * n)), K).SerializeToString() for n in range(1, 20)]
    for raw in raws:
        made.learn(raw, template, [each.array.data for each in pb.GridGradientRequest.FromString(raw).inputs])
        assert made.find(raw)
        assert sum(made.find(each) is not None for each in raws) <= 8


def test_what_is_used_is_kept() -> None:
    made = RequestCache(most_templates=4)
    template: Any = object()
    raws = [request(axis("t", bytes(8 * n)), K).SerializeToString() for n in range(1, 9)]
    for raw in raws:
        made.learn(raw, template, [each.array.data for each in pb.GridGradientRequest.FromString(raw).inputs])
        assert made.find(raws[0])


def test_one_caller_s_many_requests_are_not_kept_at_the_cost_of_others() -> None:
    made = RequestCache(most_templates=4)
    template: Any = object()
    raws = [request(axis("t", bytes(8 * n)), K).SerializeToString() for n in range(1, 9)]
    for raw in raws:
        numbers = [each.array.data for each in pb.GridGradientRequest.FromString(raw).inputs]
        made.learn(raw, template, numbers, "neighbour" if raw is raws[0] else "flood")
    assert made.find(raws[0], "neighbour")


def test_a_long_text_is_not_remembered() -> None:
    raw = request(T, K, expression="t*k" + "+t*k" * 5000).SerializeToString()
    made, _, _ = known(raw)
    assert made.find(raw) is None


def test_a_header_says_what_the_message_would_say() -> None:
    template = make_template(function_key(), points=5)
    info = ResultInfo(0.25, 0.5, ComputedBy(3, "structured", "compiled", "cpu"))
    number = pb.GridGradientResponse.HEADER_FIELD_NUMBER
    response = pb.GridGradientResponse.FromString(result_header(template, info, number))
    assert (list(response.header.dims), list(response.header.shape)) == (["x"], [5])
    assert [list(each.wrt) for each in response.header.derivatives] == [["x"]]
    assert (response.header.info.queue_s, response.header.info.compute_s) == (0.25, 0.5)
    assert response.header.info.digest == "digest1"
    assert (response.header.info.batch_size, response.header.info.tier) == (3, "compiled")
    numbers = bytes(range(80))
    whole = result_header(template, info, number, len(numbers)) + numbers
    assert whole.index(numbers) % 16 == 0
    again = pb.GridGradientResponse.FromString(whole)
    assert again.data == numbers
    assert again.header == response.header


def test_the_field_of_a_tile_says_where_all_of_it_lies() -> None:
    template = make_template(function_key(), points=5, grids=4)
    tile = GridTile((0,), (5,), 0, 10, first_grid=1, grids=2)
    (piece,) = wpb.Batch.FromString(template.tile_field(tile, (7, 64), (9, 128, 80), "direct")).pieces
    assert (piece.inputs_slot, piece.inputs_offset) == (7, 64)
    assert (piece.result_slot, piece.result_offset, piece.result_stride) == (9, 128, 80)
    assert (piece.entries, piece.first_entry, piece.tier) == (2, 1, "direct")
    assert piece.layout == template.layout.of_tile(tile)
