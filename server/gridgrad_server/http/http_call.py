"""A call by HTTP, as the handlers of gRPC take one: its caller, credentials and message are found as there."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import grpc

from gridgrad_core.errors import DeadlineError, RequestError
from gridgrad_server.connections.ending import Context
from gridgrad_server.http.bounded_connection import CERTIFICATE
from gridgrad_server.http.http_body import Gone, Receive, read_body
from gridgrad_server.http.http_errors import CallEnded

__all__ = ["MOST_JSON_BYTES", "HttpCall", "Scope", "Send", "request_id_of"]

Scope = dict[str, Any]
Send = Callable[[Any], Awaitable[None]]
Parts = Sequence["bytes | memoryview"]

MOST_JSON_BYTES = 1 << 18
"""Of a request in JSON: reading more would keep other callers waiting for tens of milliseconds."""

_METADATA = (b"authorization", b"gridgrad-client-id", b"user-agent")
_CHUNK = 1 << 20
_REQUEST_ID = re.compile(r"[\w.:-]{1,80}", re.ASCII)
_TIMEOUT = re.compile(r"[0-9]{1,10}")


def request_id_of(scope: Scope) -> str:
    """The id of a request: what its caller has given, or a new one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class HttpCall:
    """A request of HTTP as what gRPC calls a context, and the way for its answer.

    Args:
        scope: of ASGI.
        receive: of ASGI.
        send: of ASGI.
        most_bytes: of its body.
        patience_s: that its caller may be slow.

    Attributes:
        headers: by their names in small letters.
        path: that was called.
        query: behind it.
        request_id: of the request.
        is_started: whether the header of the answer was sent.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, most_bytes: int, patience_s: float) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._most_bytes = most_bytes
        self._patience_s = patience_s
        self._ended: list[Callable[[Context], object]] = []
        self._deadline_at: float | None = None
        self._task: asyncio.Task[Any] | None = None
        self._timeout: asyncio.Timeout | None = None
        self._watching: asyncio.Task[None] | None = None
        self._is_gone = False
        self._message_of: Callable[[bytes], bytes] | None = None
        self.is_started = False
        self.request_id: str = scope["request_id"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }

    @property
    def context(self) -> Context:
        """It, as handlers take it."""
        return cast("Context", self)

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        """What handlers may see of the header."""
        shown = [each for each in self._scope["headers"] if each[0] in _METADATA]
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in shown]

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """The certificate of the connection, as gRPC has it; nothing where it has none."""
        certificate = self._scope.get("state", {}).get(CERTIFICATE)
        return {"x509_pem_cert": [certificate]} if certificate else {}

    def peer(self) -> str:
        """The caller's address, as gRPC writes it."""
        host, port = self._scope.get("client") or ("unknown", 0)
        return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"

    def add_done_callback(self, callback: Callable[[Context], object]) -> None:
        """Has something called when the answer was sent, or is not wanted any more."""
        self._ended.append(callback)

    def set_timeout(self, timeout_s: float) -> None:
        """Takes in how long the caller waits from now on."""
        self._deadline_at = time.monotonic() + timeout_s
        if self._timeout:
            self._timeout.reschedule(asyncio.get_running_loop().time() + timeout_s)

    def time_remaining(self) -> float | None:
        """Seconds until the caller gives up; None where he does not."""
        return None if self._deadline_at is None else self._deadline_at - time.monotonic()

    def take_text(self, message_of: Callable[[bytes], bytes]) -> None:
        """Takes in that the body is text of which a message is made, and that it may be no longer than such."""
        self._message_of = message_of
        self._most_bytes = min(self._most_bytes, MOST_JSON_BYTES)

    async def read(self) -> bytes:
        """The body. From then on the call ends when its caller leaves.

        Raises:
            GridgradError: it is too large, comes too slowly or is packed wrongly.
            Gone: the caller has left.
        """
        body = await read_body(self._receive, self.headers, self._most_bytes, self._patience_s)
        self._watching = asyncio.create_task(self._until_gone())
        return self._message_of(body) if self._message_of else body

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        if self._task:
            self._task.cancel()

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Sequence[tuple[str, str | bytes]] = ()
    ) -> None:
        """Ends the call for its handler.

        Raises:
            CallEnded: always.
        """
        number: Any = code.value[0]
        raise CallEnded.by_abort(number, details, trailing_metadata)

    @contextlib.asynccontextmanager
    async def handled(self) -> AsyncIterator[None]:
        """A block in which a handler works, until the caller leaves or his time is over.

        Raises:
            CallEnded: it refuses, or the time is over.
            Gone: the caller has left.
        """
        self._task = asyncio.current_task()
        try:
            async with asyncio.timeout(None) as self._timeout:
                self._read_timeout()
                yield
        except TimeoutError:
            raise CallEnded.of(DeadlineError("", "no answer within your timeout", "give a longer one")) from None
        except asyncio.CancelledError:
            if not self._is_gone:
                raise
            raise Gone from None
        finally:
            self._task = self._timeout = None

    def _read_timeout(self) -> None:
        """Takes the deadline of Connect's header, if there is one."""
        text = self.headers.get("connect-timeout-ms")
        if text is None:
            return
        if not _TIMEOUT.fullmatch(text):
            raise CallEnded.of(
                RequestError("connect-timeout-ms", repr(text[:60]), "send milliseconds, at most ten digits")
            )
        self.set_timeout(int(text) / 1e3)

    async def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Sends the header of an answer."""
        self.is_started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def send(self, status: int, kind: str, parts: Parts, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Sends a whole answer.

        Args:
            status: of HTTP.
            kind: its media type.
            parts: of its body, one after another.
            headers: beside these.
        """
        size = sum(map(len, parts))
        said = [(b"content-type", kind.encode()), (b"content-length", str(size).encode()), *headers]
        await self.start(status, said)
        if size <= _CHUNK:
            await self.write(b"".join(parts), is_last=True)
            return
        for part in parts:
            for first in range(0, len(part), _CHUNK):
                await self.write(bytes(part[first : first + _CHUNK]))
        await self.write(b"", is_last=True)

    async def write(self, body: bytes, *, is_last: bool = False) -> None:
        """Sends a part of an answer, as soon as the caller has taken most of what was sent before.

        Raises:
            Gone: he has left.
        """
        if self._is_gone:
            raise Gone
        await self._send({"type": "http.response.body", "body": body, "more_body": not is_last})

    def end(self) -> None:
        """Takes in that the answer was sent, or nobody wants one."""
        if self._watching:
            self._watching.cancel()
        callbacks, self._ended = self._ended, []
        for callback in callbacks:
            callback(self.context)
