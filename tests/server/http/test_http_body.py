"""Bodies: how large, how slow and how packed they may be."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence
from typing import Any

import pytest

from gridgrad_core.errors import DeadlineError, RequestError, TooLargeError, UnsupportedError
from gridgrad_server.http.http_body import Gone, Receive, read_body

GZIP = {"content-encoding": "gzip"}


def parts(*bodies: bytes) -> Receive:
    left = list(bodies)

    async def receive() -> Any:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    return receive


def never() -> Receive:
    async def receive() -> Any:
        await asyncio.Event().wait()

    return receive


async def test_a_body_in_parts_is_joined() -> None:
    assert await read_body(parts(b"ab", b"", b"c"), {}, 3, 1.0) == b"abc"


@pytest.mark.parametrize("bodies", [[b"abcd"], [b"ab", b"cd"]])
async def test_more_than_there_may_be_is_refused_while_it_comes(bodies: Sequence[bytes]) -> None:
    with pytest.raises(TooLargeError, match="takes 3"):
        await read_body(parts(*bodies, b"never read"), {}, 3, 1.0)


async def test_a_length_that_is_too_large_is_refused_before_anything_is_read() -> None:
    with pytest.raises(TooLargeError, match="takes 3"):
        await read_body(never(), {"content-length": "4"}, 3, 1.0)


async def test_a_body_that_does_not_come_is_given_up() -> None:
    with pytest.raises(DeadlineError, match="0 bytes"):
        await read_body(never(), {}, 3, 0.01)


async def test_a_caller_who_leaves_is_gone() -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    with pytest.raises(Gone):
        await read_body(receive, {}, 3, 1.0)


async def test_gzip_is_unpacked_up_to_the_limit() -> None:
    text = b"abc" * 300_000
    assert await read_body(parts(gzip.compress(text)), GZIP, len(text), 1.0) == text
    with pytest.raises(TooLargeError, match="unpacked"):
        await read_body(parts(gzip.compress(text)), GZIP, len(text) - 1, 1.0)


@pytest.mark.parametrize(
    "packed", [b"", b"abc", gzip.compress(b"abc", mtime=0)[:-1], gzip.compress(b"abc", mtime=0) + b"x"]
)
async def test_what_is_no_gzip_is_refused(packed: bytes) -> None:
    with pytest.raises(RequestError, match="gzip"):
        await read_body(parts(packed), GZIP, 100, 1.0)


async def test_other_packings_are_named() -> None:
    with pytest.raises(UnsupportedError, match="'br'"):
        await read_body(parts(b""), {"content-encoding": "br"}, 100, 1.0)
