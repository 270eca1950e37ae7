"""The description of what is served: valid, and true of requests and answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gridgrad_core.wire import methods
from gridgrad_server.http.openapi import described
from tests.server.calls import grid
from tests.server.conftest import Serving
from tests.server.http.asking import GRID, JSON, ask, gradient

shared = pytest.mark.asyncio(loop_scope="module")
"""Of a test with the server of its file, which lives in a loop of its own."""

DESCRIPTION: dict[str, Any] = json.loads(described())


def valid(name: str, value: object) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DESCRIPTION["components"]}
    Draft202012Validator(schema).validate(value)


def test_it_is_openapi() -> None:
    OpenAPIV31SpecValidator(DESCRIPTION).validate()
    unary = {each.path for each in methods.METHODS} - {methods.STREAM_GRID_GRADIENTS.path}
    assert DESCRIPTION["paths"].keys() == unary | {"/v1/gradient", "/healthz", "/metrics", "/openapi.json"}


@shared
async def test_requests_and_answers_are_as_described(serving: Serving) -> None:
    assert (await ask(serving, "GET", "/openapi.json")).json() == DESCRIPTION
    valid("GradientRequest", GRID)
    valid("Gradient", (await gradient(serving)).json())
    valid("Error", (await gradient(serving, {})).json())
    asked = json_format.MessageToDict(grid())
    valid("GridGradientRequest", asked)
    for method, name in (
        (methods.GRID_GRADIENT, "GridGradientResponse"),
        (methods.SERVER_INFO, "GetServerInfoResponse"),
    ):
        body = asked if method is methods.GRID_GRADIENT else {}
        valid(name, (await ask(serving, "POST", method.path, json.dumps(body).encode(), JSON)).json())
    valid("ConnectError", (await ask(serving, "POST", methods.GRID_GRADIENT.path, b"{}", JSON)).json())


@pytest.mark.parametrize(
    "wrong",
    [{}, {**GRID, "order": 5}, {**GRID, "registered": "f"}, {**GRID, "more": 1}, {**GRID, "inputs": {"t": True}}],
)
def test_wrong_requests_are_not(wrong: object) -> None:
    schema = {"$ref": "#/components/schemas/GradientRequest", "components": DESCRIPTION["components"]}
    assert not Draft202012Validator(schema).is_valid(wrong)
