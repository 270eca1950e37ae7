"""Endpoints: a defect is an answer without a word of what is inside, and all calls end."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from gridgrad_server.http.endpoint import Bounds, Endpoint
from gridgrad_server.http.http_body import Gone
from gridgrad_server.http.http_call import HttpCall


async def answer(endpoint: Endpoint, method: str = "GET") -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope = {"headers": [], "method": method, "path": "/x", "query_string": b"", "request_id": "7"}
    await endpoint(scope, receive, send)
    return sent


async def test_a_defect_is_logged_and_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[object] = []

    async def broken(call: HttpCall) -> None:
        call.add_done_callback(ended.append)
        raise ZeroDivisionError("the secret")

    with caplog.at_level(logging.ERROR):
        start, body = await answer(Endpoint(("GET",), broken, Bounds(1, 1.0)))
    assert start["status"] == 500
    assert b"secret" not in body["body"]
    assert "the secret" in caplog.text
    assert len(ended) == 1


async def test_nothing_is_sent_to_who_has_left() -> None:
    async def gone(_: HttpCall) -> None:
        raise Gone

    assert await answer(Endpoint((), gone, Bounds(1, 1.0))) == []


async def test_what_fails_in_the_middle_of_an_answer_is_not_ended_as_if_it_were_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def breaks(call: HttpCall) -> None:
        await call.start(200, [])
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR), pytest.raises(ZeroDivisionError):
        await answer(Endpoint((), breaks, Bounds(1, 1.0)))
    assert "a defect" in caplog.text
