"""The floor: a grpc.aio server that does nothing but return bytes it made before.

It knows no schema. A request is the length of the answer as 8 bytes, and padding up to the
length of a real request; the answer comes as one message, or in messages of 1 MiB. It is a collector of traces too,
which throws them away.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
import uvloop

__all__ = ["MESSAGE_BYTES", "OPTIONS", "STREAM", "UNARY", "request"]

UNARY = "/raw.Raw/Unary"
STREAM = "/raw.Raw/Stream"
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
MESSAGE_BYTES = 1 << 20
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def request(answer_bytes: int, request_bytes: int) -> bytes:
    """A request of the given length for an answer of the given length."""
    return answer_bytes.to_bytes(8, "little").ljust(request_bytes, b"\0")


class Handlers(grpc.GenericRpcHandler):
    """Answers its methods from bytes that are made once."""

    def __init__(self) -> None:
        self._answers: dict[tuple[int, int], list[bytes]] = {}

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Finds the handler of a call."""
        if details.method in (UNARY, TRACES):
            return grpc.unary_unary_rpc_method_handler(self._unary if details.method == UNARY else _discard)
        return grpc.unary_stream_rpc_method_handler(self._stream) if details.method == STREAM else None

    async def _unary(self, raw: bytes, _: Any) -> bytes:
        return self._answer(raw, 1 << 62)[0]

    async def _stream(self, raw: bytes, _: Any) -> AsyncIterator[bytes]:
        for message in self._answer(raw, MESSAGE_BYTES):
            yield message

    def _answer(self, raw: bytes, message_bytes: int) -> list[bytes]:
        size = int.from_bytes(raw[:8], "little")
        key = size, min(size, message_bytes)
        if key not in self._answers:
            whole = bytes(size)
            self._answers[key] = [whole[at : at + message_bytes] for at in range(0, size, message_bytes)]
        return self._answers[key]


async def _discard(raw: bytes, _: Any) -> bytes:  # noqa: ARG001 - what a handler takes
    return b""


async def _serve(address_file: Path) -> None:
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((Handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    started = address_file.with_suffix(".new")
    started.write_text(f"127.0.0.1:{port}\n")
    started.rename(address_file)  # so that nobody reads half of it
    await stopped.wait()
    await server.stop(None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address-file", type=Path, required=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(parser.parse_args().address_file))
