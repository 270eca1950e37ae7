"""How tests of telemetry ask a server for its status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.server.conftest import Serving

Serve = Callable[..., Awaitable[Serving]]


PATIENCE_S = 20.0


async def status_of(serving: Serving) -> pb.GetServerStatusResponse:
    return pb.GetServerStatusResponse.FromString(await serving.calls.method(methods.SERVER_STATUS))


def answers(status: pb.GetServerStatusResponse) -> dict[tuple[str, int], int]:
    return {(each.via, each.code): each.count for each in status.answers}


async def failing(call: Awaitable[Any]) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return failed.value.code()
