"""Every method of the schema has a handler, and no other has one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.server.calls import refusal

SERVICE = pb.DESCRIPTOR.services_by_name[methods.SERVICE.rpartition(".")[2]]
Serve = Callable[..., Awaitable[Any]]


@pytest.mark.parametrize("method", methods.METHODS, ids=lambda method: method.name)
async def test_every_method_of_the_schema_is_served(serve: Serve, method: methods.Method) -> None:
    service: Any = (await serve()).server.parts.service
    details: Any = type("Details", (), {"method": method.path})
    handler = service.service(details)
    described = SERVICE.methods_by_name[method.name]
    # The message of a unary method is read as if it were a stream of one, so that it can be given up
    assert (handler.request_streaming, handler.response_streaming) == (True, described.server_streaming)


async def test_another_method_is_unimplemented(serve: Serve) -> None:
    serving = await serve()
    code, _, _ = await refusal(serving.calls.channel.unary_unary("/gridgrad.v1.Gridgrad/Other")(b""))
    assert code is grpc.StatusCode.UNIMPLEMENTED
