"""Calls that are ended by force, by real gRPC; answers that nobody takes are in tests/service/test_stalled.py."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import grpc
import pytest

from gridgrad_server.connections.ending import end_calls, log_no_gone_callers
from tests.server.calls import until


class Hanging(grpc.GenericRpcHandler):
    """Answers nothing, ever."""

    def __init__(self) -> None:
        self.calls: dict[Any, asyncio.Task[Any]] = {}
        self.over = 0

    async def serve(self, raw: bytes, context: Any) -> bytes:
        task = asyncio.current_task()
        assert task is not None
        context.add_done_callback(self.ended)
        self.calls[context] = task
        await asyncio.sleep(1000)
        return raw

    def ended(self, _: object) -> None:
        self.over += 1

    def service(self, _: grpc.HandlerCallDetails) -> Any:
        return grpc.unary_unary_rpc_method_handler(self.serve)


async def test_those_calls_end_and_the_server_takes_others() -> None:
    handler, server = Hanging(), grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_unary("/a/b")
        calls = [call(b"") for _ in range(5)]
        await until(lambda: len(handler.calls) == 5)
        end_calls({context: handler.calls.pop(context) for context in list(handler.calls)[1:4]})
        await until(lambda: sum(each.done() for each in calls) == 3)
        assert handler.over == 3
        calls.append(call(b""))
        await until(lambda: len(handler.calls) == 3)
        for each in calls:
            each.cancel()
    await server.stop(None)


def test_an_answer_that_nobody_waits_for_is_not_logged_and_other_faults_are(caplog: pytest.LogCaptureFixture) -> None:
    log_no_gone_callers()
    grpcs = logging.getLogger("grpc._cython.cygrpc")
    grpcs.error("ExecuteBatchError raised in core by servicer method [%s]", "/a/b")
    grpcs.error("Unexpected [%s] raised by servicer method [%s]", "ValueError", "/a/b")
    assert [record.getMessage().split()[0] for record in caplog.records] == ["Unexpected"]
