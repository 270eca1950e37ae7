"""Every method that is served has a rule, and every field of what a session sends; nothing else has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.access.rules import ANYONE, NOBODY, RULES, SESSION_RULES, rule_of
from tests.server.calls import Serve

FILES: tuple[Any, ...] = pb.DESCRIPTOR, health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR
LATER = {"/grpc.health.v1.Health/List", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"}
"""In newer versions of these packages than ours are tested with."""


def described() -> Iterator[str]:
    for file in FILES:
        for service in file.services_by_name.values():
            for method in service.methods:
                yield f"/{service.full_name}/{method.name}"


def test_every_method_of_the_schemas_has_a_rule() -> None:
    missing = set(described()) - RULES.keys()
    assert not missing, f"write into access/rules.py who may call {missing}"
    assert not RULES.keys() - set(described()) - LATER


async def test_every_method_that_has_a_handler_has_a_rule(serve: Serve) -> None:
    handlers = (await serve()).server.parts.service._handlers
    assert handlers.keys() <= RULES.keys()


def test_every_field_of_the_messages_of_a_session_has_a_rule() -> None:
    fields = {field.name for field in pb.SessionRequest.DESCRIPTOR.fields}
    assert fields == SESSION_RULES.keys(), "write into access/rules.py who may send it"


def test_only_the_health_service_is_open() -> None:
    opened = {path for path, rule in RULES.items() if rule is ANYONE}
    assert {path.split("/")[1] for path in opened} == {"grpc.health.v1.Health"}
    for path in opened:
        assert rule_of(path) is ANYONE
        assert rule_of(path, closed_health=True) not in (ANYONE, NOBODY)


@pytest.mark.parametrize("path", ["/gridgrad.v1.GridGradientService/Other", "/other.Service/Check", "", "x"])
def test_what_has_no_rule_is_nobodys(path: str) -> None:
    assert rule_of(path) is NOBODY
