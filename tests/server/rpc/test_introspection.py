"""What the server says of itself, by real gRPC."""

from __future__ import annotations

import asyncio
from typing import Any

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.server.calls import Code, Serve, refusal, registered, until


def plan(text: str) -> bytes:
    asked = pb.Plan(function=pb.Function(expression=text), inputs=[pb.PlanInput(name="x", dims=["x"])])
    return pb.PrepareRequest(plan=asked).SerializeToString()


async def test_functions_and_limits_are_told(serve: Serve) -> None:
    serving = await serve(message_bytes=1 << 20)
    functions = pb.ListFunctionsResponse.FromString(await serving.calls.method(methods.LIST_FUNCTIONS)).functions
    assert [each.name for each in functions] == ["fails", "hangs", "kills", "kills_once", "plain", "slow"]
    assert functions[0].inputs[1].default == 2.0
    assert not functions[0].inputs[0].HasField("default")
    info = pb.GetServerInfoResponse.FromString(await serving.calls.method(methods.SERVER_INFO))
    assert list(info.devices) == ["cpu"]
    assert (info.limits.message_bytes, info.limits.order, info.engine) == (1 << 20, 4, "structured")
    hypot = next(each for each in info.language_functions if each.name == "hypot")
    assert hypot.signature == "hypot(x, y)"
    code, _, _ = await refusal(serving.calls.method(methods.SERVER_INFO, b"\xff"))
    assert code == Code.INVALID_ARGUMENT


async def test_prepare_and_explain_take_no_places_of_grids_and_have_few_of_their_own(serve: Serve) -> None:
    serving = await serve(queue_entries=1, compile=False)
    parts = serving.server.parts
    grid: Any = serving.calls.unary(registered("hangs").SerializeToString())
    await until(lambda: parts.admission.requests)
    asked = [asyncio.create_task(serving.calls.method(methods.PREPARE, plan(f"x + {n}"))) for n in range(40)]
    await until(lambda: parts.questions.requests == 32 and sum(each.done() for each in asked) == 8)
    refused = next(each for each in asked if each.done())
    code, error, trailers = await refusal(refused)
    assert (code, error and error.reason) == (Code.RESOURCE_EXHAUSTED, "BUSY")
    assert "holds 32 calls of Prepare and Explain of yours" in str(error)
    assert int(trailers["grpc-retry-pushback-ms"]) > 0
    assert parts.admission.requests == 1
    for each in asked:
        each.cancel()
    grid.cancel()
    await until(lambda: parts.questions.requests == 0)
