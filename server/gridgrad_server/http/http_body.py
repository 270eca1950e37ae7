"""Bodies of requests: bounded before they are read, and read at a pace that is not too slow."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gridgrad_core.errors import DeadlineError, RequestError, TooLargeError, UnsupportedError

__all__ = ["Gone", "read_body"]

Receive = Callable[[], Awaitable[Any]]

_SLOWEST_BYTES_PER_S = 16 << 10
_INFLATED_AT_ONCE = 1 << 18
"""Bytes, which take less than a millisecond."""


class Gone(Exception):  # noqa: N818 - nobody is at fault
    """The caller has closed the connection."""


async def read_body(receive: Receive, headers: Mapping[str, str], most: int, patience_s: float) -> bytes:
    """The body of a request.

    Args:
        receive: of ASGI.
        headers: of the request, by their names in small letters.
        most: bytes that it may have, and what it is packed from too.
        patience_s: seconds that it may take beyond what 16 KiB a second need.

    Raises:
        TooLargeError: it has more.
        DeadlineError: it comes too slowly.
        UnsupportedError: it is packed in a way that is not known.
        RequestError: it is packed wrongly.
        Gone: the caller has closed the connection.
    """
    packed = headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("identity", "gzip"):
        raise UnsupportedError("content-encoding", repr(packed[:60]), "send gzip, or leave it out")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise _too_large(f"{length} bytes", most)
    sent = await _all_of(receive, most, patience_s)
    return sent if packed == "identity" else await _unpacked(sent, most)


async def _all_of(receive: Receive, most: int, patience_s: float) -> bytes:
    parts, size, began_at = [], 0, asyncio.get_running_loop().time()
    while True:
        try:
            async with asyncio.timeout_at(began_at + patience_s + size / _SLOWEST_BYTES_PER_S):
                message = await receive()
        except TimeoutError:
            found = f"{size} bytes of the request, and no more in time"
            raise DeadlineError("body", found, "send it again, on a quicker line") from None
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _too_large(f"more than {most} bytes", most)
        if not message.get("more_body"):
            return b"".join(parts)


async def _unpacked(sent: bytes, most: int) -> bytes:
    stream, parts, size = zlib.decompressobj(31), [], 0
    try:
        while sent and not stream.eof:
            parts.append(stream.decompress(sent, _INFLATED_AT_ONCE))
            sent = stream.unconsumed_tail
            size += len(parts[-1])
            if size > most:
                raise _too_large(f"more than {most} bytes, once it is unpacked", most)
            await asyncio.sleep(0)  # others have their turn
    except zlib.error as error:
        raise RequestError("body", f"what is no gzip ({error})", "pack it by gzip, or send it as it is") from None
    if not stream.eof or stream.unused_data:
        raise RequestError("body", "not one whole gzip", "send all of it and nothing else")
    return b"".join(parts)


def _too_large(found: str, most: int) -> TooLargeError:
    remedy = f"this server takes {most} here: send less at a time, or binary numbers, or call by gRPC"
    return TooLargeError("body", found, remedy)
