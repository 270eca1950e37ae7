"""Calls that are ended by force, by real gRPC; answers that nobody takes are in tests/service/test_stalled.py."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from gridgrad_server.connections.ending import end_calls
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
        warm, *ended, spared = [call(b"") for _ in range(5)]
        await until(lambda: len(handler.calls) == 5)
        contexts = list(handler.calls)
        end_calls({context: handler.calls.pop(context) for context in contexts[1:4]})
        del contexts
        await until(lambda: all(each.done() for each in ended))
        assert handler.over == 3
        assert not warm.done()
        assert not spared.done()
        later = call(b"")
        await until(lambda: len(handler.calls) == 3)
        for each in (warm, spared, later):
            each.cancel()
    await server.stop(None)
