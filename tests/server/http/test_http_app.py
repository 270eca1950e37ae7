"""What is served by HTTP, to whom: paths, hosts, origins, tokens, health and metrics."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from tests.server.calls import Serve
from tests.server.conftest import Serving
from tests.server.http.asking import GRID, JSON, ask, gradient

shared = pytest.mark.asyncio(loop_scope="module")
"""Of a test with the server of its file, which lives in a loop of its own."""

HTTP = {"http": "127.0.0.1:0"}


@shared
async def test_health_says_whether_the_server_serves(serving: Serving) -> None:
    answer = await ask(serving, "GET", "/healthz")
    assert (answer.status, answer.json()) == (200, {"status": "SERVING"})
    assert (await ask(serving, "HEAD", "/healthz")).body == b""
    serving.server.parts.health.set(False)
    assert (await ask(serving, "GET", "/healthz")).status == 503
    serving.server.parts.health.set(True)


@shared
async def test_metrics_are_those_of_their_own_port(serving: Serving) -> None:
    answer = await ask(serving, "GET", "/metrics")
    names = {family.name for family in parsed(answer.body.decode())}
    assert {"gridgrad_requests", "gridgrad_queue_seconds", "process_resident_memory_bytes"} <= names


@shared
async def test_no_get_changes_anything_and_other_paths_are_named(serving: Serving) -> None:
    answer = await ask(serving, "GET", "/v1/gradient")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    answer = await ask(serving, "POST", "/healthz", b"{}", JSON)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    answer = await ask(serving, "GET", "/elsewhere")
    assert (answer.status, answer.error["field"]) == (404, "path")
    assert "/v1/gradient" in answer.error["remedy"]


@shared
async def test_hosts_and_origins_are_known(serving: Serving) -> None:
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", ""):
        answer = await gradient(serving, host=host)
        assert (answer.status, answer.error["field"]) == (403, "host"), host
    for host in ("grids.example", "GRIDS.example:443", "localhost:1"):
        assert (await gradient(serving, host=host)).status == 200
    for origin in ("http://evil.example", "null", "http://app.example", "https://grids.example"):
        answer = await gradient(serving, host="grids.example", origin=origin)
        assert (answer.status, answer.error["field"]) == (403, "origin"), origin
    own = await gradient(serving, host="grids.example:81", origin="http://grids.example:81")
    assert (own.status, "access-control-allow-origin" in own.headers) == (200, False)


@shared
async def test_pages_of_named_origins_may_call_and_no_others(serving: Serving) -> None:
    origin = "https://app.example"
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    answer = await ask(serving, "OPTIONS", "/v1/gradient", None, asked)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, origin)
    assert (await gradient(serving, origin=origin)).headers["access-control-allow-origin"] == origin


async def test_without_a_name_of_it_no_page_may_call(serve: Serve) -> None:
    asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
    answer = await ask(await serve(**HTTP), "OPTIONS", "/v1/gradient", None, asked)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_tokens_have_their_roles(serve: Serve, tokens: Path) -> None:
    serving = await serve(auth_tokens=tokens, **HTTP)
    answer = await gradient(serving)
    assert (answer.status, answer.error["reason"]) == (401, "REFUSED")
    assert answer.headers["www-authenticate"] == "Bearer"
    for token, status in (("wrong", 401), ("metrics", 403), ("call", 200), ("admin", 200)):
        assert (await gradient(serving, authorization=f"Bearer {token}")).status == status, token
    for token, status in (("call", 403), ("metrics", 200)):
        answer = await ask(serving, "GET", "/metrics", None, {"authorization": f"Bearer {token}"})
        assert answer.status == status, token
    assert (await ask(serving, "GET", "/healthz")).status == 200
    # A request without a token is not read
    answer = await ask(serving, "POST", "/v1/gradient", None, {**JSON, "content-length": "1000000"})
    assert answer.status == 401
    serving = await serve(auth_tokens=tokens, auth_health=True, auth_open_metrics=True, **HTTP)
    assert [(await ask(serving, "GET", path)).status for path in ("/healthz", "/metrics")] == [401, 200]


async def test_quotas_hold_here_too(serve: Serve) -> None:
    serving = await serve(quota=("cost-rate=1",), **HTTP)
    first, second = await gradient(serving), await gradient(serving, GRID)
    assert (first.status, second.status, second.error["reason"]) == (200, 429, "BUSY")
    assert int(second.headers["retry-after"]) > 1
