"""How tests ask a server by HTTP."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.server.conftest import Serving

JSON = {"content-type": "application/json"}
GRID = {"expression": "t*k", "inputs": {"t": [0, 1, 2], "k": {"linspace": [0, 1, 2]}}, "wrt": "t"}
"""What `grid()` of tests.server.calls asks for."""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, str]:
        error: dict[str, str] = self.json()["error"]
        return error


def address(serving: Serving) -> tuple[str, int]:
    assert serving.server.parts.http
    host, _, port = serving.server.parts.http.address.rpartition(":")
    return host, int(port)


async def ask(
    serving: Serving, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    def asked() -> Answer:
        connection = http.client.HTTPConnection(*address(serving), timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    return await asyncio.to_thread(asked)


async def gradient(serving: Serving, asked: object = GRID, path: str = "/v1/gradient", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(serving, "POST", path, json.dumps(asked).encode(), JSON | named)
