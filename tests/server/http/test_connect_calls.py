"""Connect's unary protocol: each method of the schema, to whom its rule lets, binary and as JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from google.protobuf import json_format

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_core.wire.error_details import from_detail
from gridgrad_server.access.rules import RULES
from gridgrad_server.access.token_file import TokenEntry, digest_of, edited
from gridgrad_server.http.connect_calls import METHODS
from tests.server.calls import Serve, expected, grid, numbers
from tests.server.conftest import Serving
from tests.server.http.asking import JSON, Answer, ask

shared = pytest.mark.asyncio(loop_scope="module")
"""Of a test with the server of its file, which lives in a loop of its own."""

PROTO = {"content-type": "application/proto"}
ROLES = ("call", "metrics", "admin")


async def call(serving: Serving, path: str, body: bytes, headers: Mapping[str, str] = PROTO) -> Answer:
    return await ask(serving, "POST", path, body, headers)


def test_the_methods_are_those_of_the_table() -> None:
    assert METHODS.keys() == {method.path for method in methods.METHODS}


@shared
async def test_a_message_is_answered_by_the_message_of_grpc(serving: Serving) -> None:
    answer = await call(serving, methods.GRID_GRADIENT.path, grid().SerializeToString())
    assert (answer.status, answer.headers["content-type"]) == (200, "application/proto")
    assert numbers(pb.GridGradientResponse.FromString(answer.body).data) == expected(6)


@shared
async def test_json_is_that_of_protobuf(serving: Serving) -> None:
    headers = {**JSON, "connect-protocol-version": "1", "connect-timeout-ms": "10000"}
    text = json_format.MessageToJson(grid()).encode()
    answer = await call(serving, methods.GRID_GRADIENT.path, text, headers)
    told = answer.json()
    assert (told["header"]["dims"], told["header"]["shape"]) == (["t", "k"], ["3", "2"])
    assert numbers(base64.b64decode(told["data"])) == expected(6)
    assert "padding" not in told
    answer = await call(serving, methods.SERVER_INFO.path, b"{}", JSON)
    assert json_format.Parse(answer.body, pb.GetServerInfoResponse()).features


@shared
async def test_errors_are_those_of_connect(serving: Serving) -> None:
    answer = await call(serving, methods.GRID_GRADIENT.path, grid(text="t*").SerializeToString())
    told = answer.json()
    assert (answer.status, answer.headers["content-type"], told["code"]) == (
        400,
        "application/json",
        "invalid_argument",
    )
    (detail,) = told["details"]
    error = from_detail(pb.ErrorDetail.FromString(base64.b64decode(detail["value"] + "==")))
    assert error is not None
    assert (error.reason, error.field) == ("EXPRESSION", "function.expression")
    assert detail["debug"]["field"] == "function.expression"


@shared
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"fresh": 1}', "UNSUPPORTED"),
        (b'{"function": 1}', "REQUEST"),
        (b"[", "REQUEST"),
        (b'{"inputs":' * 50_000, "TOO_LARGE"),
        (b'{"function":' * 4_000, "REQUEST"),
        (b'{"function": "\xff"}', "REQUEST"),
    ],
)
async def test_what_is_no_message_is_refused(serving: Serving, text: bytes, reason: str) -> None:
    answer = await call(serving, methods.GRID_GRADIENT.path, text, JSON)
    (detail,) = answer.json()["details"]
    error = from_detail(pb.ErrorDetail.FromString(base64.b64decode(detail["value"] + "==")))
    assert error is not None
    assert error.reason == reason
    assert error.remedy


@shared
async def test_streams_other_methods_and_other_kinds_are_named(serving: Serving) -> None:
    for path in (methods.STREAM_GRID_GRADIENTS.path, f"/{methods.SERVICE}/Other"):
        answer = await call(serving, path, b"")
        assert (answer.status, answer.json()["code"]) == (501, "unimplemented")
    answer = await call(serving, methods.SERVER_INFO.path, b"", {"content-type": "application/connect+proto"})
    assert (answer.status, "application/proto" in answer.headers["accept-post"]) == (415, True)
    answer = await call(serving, methods.SERVER_INFO.path, b"", {**PROTO, "connect-protocol-version": "2"})
    assert (answer.status, "connect-protocol-version" in answer.json()["message"]) == (400, True)
    assert (await ask(serving, "GET", methods.SERVER_INFO.path)).status == 405


async def test_each_method_asks_for_its_role(serve: Serve, tmp_path: Path) -> None:
    """All methods of the schema, so that none can be served without a rule."""
    with edited(tmp_path / "tokens") as file:
        for role in ROLES:
            file.add(TokenEntry(f"{role}er", (role,), digest_of(role)))
    serving = await serve(auth_tokens=tmp_path / "tokens", http="127.0.0.1:0")
    described = pb.DESCRIPTOR.services_by_name["GridGradientService"].methods
    unary = [each.name for each in described if not each.server_streaming and each.name != methods.DRAIN.name]
    for name in (*unary, methods.DRAIN.name):  # which ends it, when an admin calls
        path = f"/{methods.SERVICE}/{name}"
        assert (await call(serving, path, b"")).status == 401, path
        for role in ROLES:
            answer = await call(serving, path, b"", {**PROTO, "authorization": f"Bearer {role}"})
            may = role in RULES[path] or role == "admin"
            assert (answer.status not in (401, 403)) is may, (path, role, json.loads(answer.body))


async def test_large_results_want_grpc(serve: Serve) -> None:
    serving = await serve(http="127.0.0.1:0", unary_result_bytes=100)
    answer = await call(serving, methods.GRID_GRADIENT.path, grid(10, 10).SerializeToString())
    assert (answer.status, "by gRPC" in answer.json()["message"]) == (429, True)
