"""What the server says of itself, by real gRPC."""

from __future__ import annotations

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.server.calls import Code, Serve, refusal


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
