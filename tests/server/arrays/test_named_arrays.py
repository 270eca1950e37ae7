from __future__ import annotations

import asyncio
from hashlib import sha256

import pytest

from gridgrad_core.errors import ForgottenArrayError, RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.arrays.array_store import ArrayStore
from gridgrad_server.arrays.named_arrays import NO_ARRAYS, NamedArrays

DATA = bytes(range(256)) * 32
DIGEST = sha256(DATA).digest()


def named(most_bytes: int = 1 << 20) -> NamedArrays:
    return NamedArrays(ArrayStore(most_bytes))


def array(data: bytes = DATA, digest: bytes = b"") -> pb.Array:
    return pb.Array(shape=[len(DATA) // 8], data=data, sha256=digest)


def of_input(sent: pb.Array) -> pb.GridGradientRequest:
    return pb.GridGradientRequest(inputs=[pb.Input(name="x", dims=["x"], array=sent)])


def of_table(values: pb.Array, knots: pb.Array) -> pb.GridGradientRequest:
    return pb.GridGradientRequest(inputs=[pb.Input(name="V", table=pb.Table(values=values, knots=[knots]))])


async def test_what_came_whole_is_named_afterwards() -> None:
    arrays = named()
    whole = of_input(array(digest=DIGEST))
    held = await arrays.take(whole, "@alice 1")
    assert whole == of_input(array(b"", DIGEST)), "its numbers lie elsewhere now"
    assert held.data_of(whole.inputs[0].array) == DATA
    assert (held.are_named, held.input_bytes) == (True, 0)
    again = of_input(array(b"", DIGEST))
    held = await arrays.take(again, "@alice 2")
    assert held.data_of(again.inputs[0].array) == DATA
    assert (held.are_named, held.input_bytes) == (True, len(DATA))
    assert held.digests == (DIGEST,)
    assert arrays.are_kept([DIGEST], "@alice 1")
    assert not arrays.are_kept([DIGEST], "@bob 1")


@pytest.mark.parametrize("caller", ["@bob 1", "ipv4:10.0.0.2 1", "@alic 1"])
async def test_nobody_names_what_another_has_sent(caller: str) -> None:
    arrays = named()
    await arrays.take(of_input(array(digest=DIGEST)), "@alice 1")
    with pytest.raises(ForgottenArrayError, match=r"inputs\[0\].array: the array .* does not keep; send its numbers"):
        await arrays.take(of_input(array(b"", DIGEST)), caller)
    with pytest.raises(ForgottenArrayError):
        arrays.hold([DIGEST], caller)
    assert arrays.hold([DIGEST], "@alice 1")[DIGEST].data == DATA


async def test_a_damaged_digest_or_damaged_numbers_are_refused_and_not_kept() -> None:
    arrays = named()
    other = sha256(b"other").digest()
    for sent, said in (
        (array(digest=other), "that of the numbers is"),
        (array(DATA[:-1] + b"x", DIGEST), "that of the numbers is"),
        (array(digest=DIGEST[:-1]), "31 bytes; send the 32 of a SHA-256"),
        (array(b"", DIGEST + b"x"), "33 bytes"),
    ):
        with pytest.raises(RequestError, match=said) as caught:
            await arrays.take(of_table(pb.Array(), sent), "")
        assert caught.value.field == "inputs[0].table.knots[0].sha256"
    with pytest.raises(ForgottenArrayError):
        arrays.hold([DIGEST], "")


async def test_tables_are_told_apart_by_a_digest_though_they_came_without() -> None:
    arrays = named()
    small = pb.Array(shape=[2], data=bytes(16))
    message = of_table(array(), small)
    held = await arrays.take(message, "")
    assert message == of_table(array(b"", DIGEST), small), "small ones stay where they are"
    assert not held.are_named
    with pytest.raises(ForgottenArrayError):
        arrays.hold([DIGEST], "")


async def test_most_requests_name_nothing() -> None:
    assert await named().take(of_input(array()), "") is NO_ARRAYS


async def test_the_digest_of_large_arrays_lets_others_go_first() -> None:
    data, turns = bytes(5 << 20), list[int]()

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    sent = of_input(pb.Array(shape=[len(data) // 8], data=data, sha256=sha256(data).digest()))
    await named(16 << 20).take(sent, "")
    beside.cancel()
    assert len(turns) >= 3


async def test_what_a_request_holds_is_not_dropped() -> None:
    arrays = named(len(DATA))
    held = await arrays.take(of_input(array(digest=DIGEST)), "")
    other = bytes(len(DATA))
    await arrays.take(of_input(array(other, sha256(other).digest())), "")
    assert arrays.hold([DIGEST], "")[DIGEST].data == DATA
    del held
    await arrays.take(of_input(array(other, sha256(other).digest())), "")
    with pytest.raises(ForgottenArrayError):
        arrays.hold([DIGEST], "")
