"""The standard health service, for the whole server and for the service by name.

The servicer that comes with the messages keeps watches without a bound, leaves List out, and answers bytes that are no
message with a traceback. Reference: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

from __future__ import annotations

import asyncio

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from gridgrad_core.errors import GridgradError
from gridgrad_core.wire.methods import SERVICE
from gridgrad_server.connections.ending import Context
from gridgrad_server.connections.open_calls import OpenCalls
from gridgrad_server.connections.unread import UnreadAnswers
from gridgrad_server.requests.decode import decode
from gridgrad_server.rpc.errors import abort

__all__ = ["HEALTH", "HealthCalls"]

HEALTH = "grpc.health.v1.Health"
_NAMES = "", SERVICE
_STATUSES, _VALUE = b"\x0a", b"\x12"
"""Tags: field 1 of HealthListResponse, a map, and field 2 of its entries; not every version has messages for them."""


class HealthCalls:
    """The handlers of Check, List and Watch.

    Args:
        watches: bounds how many there are.
        unread: ends those of which nothing is taken.

    Attributes:
        watches: those that are open.
    """

    def __init__(self, watches: OpenCalls, unread: UnreadAnswers) -> None:
        self.watches = watches
        self._unread = unread
        self._status = HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING).SerializeToString()
        self._news = asyncio.Event()

    def set(self, serving: bool) -> None:
        """Takes in whether calls are computed, and tells who watches."""
        status = HealthCheckResponse.SERVING if serving else HealthCheckResponse.NOT_SERVING
        self._status = HealthCheckResponse(status=status).SerializeToString()
        self._news.set()
        self._news = asyncio.Event()

    @property
    def is_serving(self) -> bool:
        """Whether calls are computed."""
        return self._status == _SERVING

    async def check(self, raw: bytes, context: Context) -> bytes:
        """How a service is."""
        name = await _name(raw, context)
        if name not in _NAMES:
            known = f"ask for {SERVICE}, or without a name for the whole server"
            await context.abort(grpc.StatusCode.NOT_FOUND, f"service: {name[:100]!r} is not served here; {known}")
        return self._status

    async def list_services(self, raw: bytes, context: Context) -> bytes:  # noqa: ARG002 - the request has no fields
        """How each service is."""
        return b"".join(_STATUSES + _with_length(self._entry(name)) for name in _NAMES)

    def _entry(self, name: str) -> bytes:
        key = HealthCheckRequest(service=name).SerializeToString()  # field 1 is the name in both
        return key + _VALUE + _with_length(self._status)

    async def watch(self, raw: bytes, context: Context) -> None:
        """How a service is, now and whenever that changes."""
        name = await _name(raw, context)
        try:
            with self.watches.place(context):
                await self._tell(name in _NAMES, context)
        except GridgradError as error:
            await abort(context, error)
        except grpc.aio.InternalError:
            return  # a message could not be sent: the caller is gone

    async def _tell(self, is_known: bool, context: Context) -> None:
        told = b""
        while True:
            news = self._news  # of all watches: one for each would be a tenth of what a watch takes
            if told != (status := self._status if is_known else _UNKNOWN):
                await self._unread.write(context, told := status)
            else:
                await news.wait()


_SERVING = HealthCheckResponse(status=HealthCheckResponse.SERVING).SerializeToString()
_UNKNOWN = HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN).SerializeToString()


def _with_length(short: bytes) -> bytes:
    """A value of fewer than 128 bytes as it stands in a message."""
    return bytes([len(short)]) + short


async def _name(raw: bytes, context: Context) -> str:
    """The service that is asked about."""
    try:
        name: str = decode(HealthCheckRequest, raw).service
    except GridgradError as error:
        await abort(context, error)
    return name
