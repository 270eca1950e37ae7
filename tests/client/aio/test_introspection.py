"""What clients ask about functions: what was prepared, and how it is explained."""

from __future__ import annotations

import pytest

import gridgrad
import gridgrad.aio
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake import FakeServer, refuse

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
PREPARED = pb.PrepareResponse(engine="structured", tier="direct", reason="no compiler", digest="ab" * 32, took_s=0.5)
EXPLAINED = pb.ExplainResponse(
    digest="ab" * 32,
    program="t*k",
    derived="f = t*k\nf_t = k",
    separated="f = t*k\nf_t = k*1",
    levels=[
        pb.LevelOperations(dims=[], before=1, after=2),
        pb.LevelOperations(dims=["t", "k"], before=1234, after=56),
    ],
    ranks=range(1, 101),
    operations_written=1300,
    operations_hoisted=1234,
    operations_left=56,
    engine="structured",
    tier="compiled",
)


@pytest.fixture
def answering(server: FakeServer) -> FakeServer:
    server.plain[methods.PREPARE.path] = lambda _: PREPARED.SerializeToString()
    server.plain[methods.EXPLAIN.path] = lambda _: EXPLAINED.SerializeToString()
    return server


def test_what_was_prepared(answering: FakeServer, client: gridgrad.Client) -> None:
    assert answering is not None
    prepared = client.prepare("t*k", AXES)
    assert prepared == gridgrad.Prepared("structured", "direct", "no compiler", "ab" * 32, 0.5)
    assert str(prepared) == "not compiled: no compiler (program abababababab, 0.5 s)"
    assert str(prepared._replace(tier="compiled", reason="")).startswith("compiled (")


def test_an_explanation_has_fields_and_prints_them_all(answering: FakeServer, client: gridgrad.Client) -> None:
    assert answering is not None
    explained = client.explain("t*k", AXES)
    assert explained.operations == {(): (1, 2), ("t", "k"): (1234, 56)}
    assert explained.ranks == tuple(range(1, 101))
    assert (explained.written, explained.hoisted, explained.left) == (1300, 1234, 56)
    shown = str(explained)
    for text in ("t*k", "f_t = k", "f_t = k*1", "t and k", "1,234", "1,300 in all", "24 and 76 more", "compiled tier"):
        assert text in shown, text
    alone = str(explained._replace(separated=explained.derived, ranks=(), engine="functional", tier="", reason="why"))
    assert "Separated" not in alone
    assert "by the functional engine: why" in alone


async def test_the_asynchronous_client_has_both(answering: FakeServer) -> None:
    async with gridgrad.aio.Client(answering.address) as client:
        assert (await client.prepare("t*k", ["t", "k"])).reason == "no compiler"
        assert (await client.explain("t*k", AXES)).tier == "compiled"
        await client.gradient("t*k", AXES, tier="direct")
    assert answering.requests[-1].tier == pb.TIER_DIRECT


def test_what_is_not_prepared_is_an_error_of_its_own(server: FakeServer, client: gridgrad.Client) -> None:
    missing = errors.NotPreparedError("tier", "'compiled'", "call prepare first")
    server.unary = lambda _, context: refuse(context, missing)
    with pytest.raises(gridgrad.NotPreparedError, match="call prepare first"):
        client.gradient("t*k", AXES, tier="compiled")
    assert len(server.requests) == 1, "it is not tried again"


def test_a_server_is_told_to_drain(server: FakeServer) -> None:
    server.plain[methods.DRAIN.path] = lambda _: pb.DrainResponse(entries=3).SerializeToString()
    with gridgrad.Client(server.address) as client:
        assert client.drain() == 3


async def test_of_several_servers_none_is_drained_by_chance(server: FakeServer) -> None:
    async with gridgrad.aio.Client([server.address, "127.0.0.1:1"]) as client:
        with pytest.raises(errors.RequestError, match="drain one at a time"):
            await client.drain()
    assert not server.asked
