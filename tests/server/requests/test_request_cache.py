"""A request by number is taken as the one that the number was given for, with other numbers, and by nobody else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, cast

import pytest

from gridgrad_core.errors import ForgottenNumberError, RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.decode import read
from gridgrad_server.requests.decoded import DecodedInput
from gridgrad_server.requests.request_cache import RequestCache, ServerTemplate, result_header
from gridgrad_server.requests.result_info import ComputedBy, ResultInfo
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.scheduling.request import GridRequest
from tests.server.building import function_key, make_intake, make_template


def axis(name: str, data: bytes) -> pb.Input:
    return pb.Input(name=name, dims=[name], array=pb.Array(shape=[len(data) // 8], data=data))


def request(*inputs: pb.Input, expression: str = "t*k", **fields: Any) -> pb.GridGradientRequest:
    return pb.GridGradientRequest(function=pb.Function(expression=expression), inputs=inputs, **fields)


T, K = axis("t", bytes(range(24))), axis("k", bytes(range(16)))
ALICE, BOB = "@alice 1", "@bob 1"
NUMBERS = [bytes(range(24)), bytes(range(16))]


@pytest.fixture
def intake() -> Intake:
    return make_intake()


async def taken(intake: Intake, message: pb.GridGradientRequest | bytes, caller: str = ALICE) -> GridRequest:
    raw = message if isinstance(message, bytes) else message.SerializeToString()
    nowhere: Any = None
    call = raw, nowhere, caller, None
    return intake.known_request(*call) or await intake.read_request(*call)


async def number_of(intake: Intake, *fixed: str, caller: str = ALICE, **fields: Any) -> int:
    """The number that the server gives to a request."""
    asked = request(T, K, bind=True, fixed=fixed, **fields)
    given = (await taken(intake, asked, caller)).template
    header = pb.ResultHeader.FromString(given.header)
    assert header.bound == given.number != 0
    return header.bound


def by_number(number: int, numbers: bytes = b"".join(NUMBERS), **fields: Any) -> pb.GridGradientRequest:
    return pb.GridGradientRequest(bound=number, numbers=numbers, **fields)


async def test_a_request_by_number_has_the_template_of_the_first_and_its_own_numbers(intake: Intake) -> None:
    number = await number_of(intake)
    one, two = await taken(intake, by_number(number)), await taken(intake, by_number(number, bytes(24) + b"\xff" * 16))
    assert one.template is two.template
    assert one.numbers == NUMBERS
    assert two.numbers == [bytes(24), b"\xff" * 16]
    assert one.template.function.text == "t*k"
    assert not pb.ResultHeader.FromString(one.template.header).bound  # else every answer would be another


@pytest.mark.parametrize(
    ("fixed", "sent", "numbers"),
    [
        (("t",), b"\xff" * 16, [NUMBERS[0], b"\xff" * 16]),
        (("k",), bytes(24), [bytes(24), NUMBERS[1]]),
        (("k", "t"), b"", NUMBERS),
    ],
)
async def test_what_is_fixed_does_not_come_again(
    intake: Intake, fixed: tuple[str, ...], sent: bytes, numbers: list[bytes]
) -> None:
    number = await number_of(intake, *fixed)
    assert (await taken(intake, by_number(number, sent))).numbers == numbers


async def test_it_is_read_however_it_is_spelled(intake: Intake) -> None:
    number, plain = await number_of(intake), by_number(0).SerializeToString()
    head = by_number(number, b"").SerializeToString()
    for raw in (plain + head, head + b"\x7a\x00" + plain, head + plain + by_number(number, b"").SerializeToString()):
        found = await taken(intake, raw)
        assert found.numbers == NUMBERS
    assert intake.known_request(plain + head, None, ALICE, None) is None  # type: ignore[arg-type] # no sink is needed


async def test_who_asks_for_no_number_gets_none(intake: Intake) -> None:
    given = (await taken(intake, request(T, K))).template
    assert not pb.ResultHeader.FromString(given.header).bound


@pytest.mark.parametrize("by", [0, 1, -1])
async def test_a_number_that_was_not_given_is_forgotten(intake: Intake, by: int) -> None:
    number = (await number_of(intake) + by) if by else 12345
    for raw in (
        by_number(number).SerializeToString(),
        by_number(0).SerializeToString() + by_number(number, b"").SerializeToString(),
    ):
        with pytest.raises(ForgottenNumberError, match="send the whole request") as raised:
            await taken(intake, raw)
        assert raised.value.field == "bound"


async def test_a_number_serves_its_principal_alone(intake: Intake) -> None:
    number = await number_of(intake)
    with pytest.raises(ForgottenNumberError):
        await taken(intake, by_number(number), BOB)
    assert (await taken(intake, by_number(number), "@alice 2")).numbers == NUMBERS


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (lambda number: by_number(number, bytes(39)), "numbers"),
        (lambda number: by_number(number, bytes(41)), "numbers"),
        (lambda number: by_number(number, b""), "numbers"),
        (lambda number: by_number(number, function=pb.Function(expression="t")), "function"),
        (lambda number: by_number(number, inputs=[T]), "inputs"),
        (lambda number: by_number(number, bind=True), "bind"),
    ],
)
async def test_what_does_not_fit_the_number_is_refused(
    intake: Intake, wrong: Callable[[int], pb.GridGradientRequest], field: str
) -> None:
    asked = wrong(await number_of(intake))
    with pytest.raises(RequestError) as raised:
        await taken(intake, asked)
    assert type(raised.value) is RequestError
    assert raised.value.field == field
    assert raised.value.remedy


async def test_only_inputs_with_numbers_stay(intake: Intake) -> None:
    with pytest.raises(RequestError, match="'j', which is no input") as raised:
        await taken(intake, request(T, K, bind=True, fixed=["k", "j"]))
    assert raised.value.field == "fixed[1]"


def test_a_stream_takes_none() -> None:
    with pytest.raises(RequestError, match="in a stream"):
        read(by_number(7))


async def template(intake: Intake) -> tuple[ServerTemplate, tuple[DecodedInput, ...]]:
    decoded = read(request(T, K))
    return (await intake.request(decoded, cast(Any, None), ALICE, None)).template, decoded.inputs


async def test_what_is_kept_is_bounded_and_who_has_most_loses_first(intake: Intake) -> None:
    cache, (shared, inputs) = RequestCache(16), await template(intake)
    numbers = []
    for caller in [ALICE, *[BOB] * 40]:
        given = copy.copy(shared)
        cache.give_number(given, inputs, ["t"], caller)
        numbers.append(given.number)

    def is_kept(number: int, caller: str) -> bool:
        try:
            return cache.take(by_number(number, bytes(16)), caller) is not None
        except ForgottenNumberError:
            return False

    assert len(set(numbers)) == len(numbers)
    assert is_kept(numbers[0], ALICE)
    assert sum(is_kept(number, BOB) for number in numbers[1:]) == 15


async def test_what_would_take_much_memory_gets_no_number(intake: Intake) -> None:
    large = request(axis("t", bytes(8 << 20)), K, bind=True, fixed=["t"])
    assert not (await taken(intake, large)).template.number
    large.fixed[:] = ["k"]
    assert (await taken(intake, large)).template.number


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
