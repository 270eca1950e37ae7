"""What released versions offered is still there: names and how they are called, flags, and the schema."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

from tests.compatibility.versions import CURRENT, WHEELS, Version, unpacked

Parameters = list[tuple[str, str, bool]]
BY_POSITION = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD")
MADE_BY_US = {"gridgrad:Result"}
"""Classes whose constructors are nobody else's."""
VARIADIC = ("VAR_POSITIONAL", "VAR_KEYWORD")


class Inventory(NamedTuple):
    """What a version offers."""

    names: dict[str, Parameters | None]
    flags: dict[str, list[str]]
    schema: FileDescriptorProto


def inventory(version: Version, folder: Path) -> Inventory:
    """Has a version say what it offers."""
    told = json.loads(version.run("tests.compatibility.inventory", [], folder))
    return Inventory(told["names"], told["flags"], FileDescriptorProto.FromString(base64.b64decode(told["schema"])))


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """What this version offers."""
    return inventory(CURRENT, tmp_path_factory.mktemp("now"))


@pytest.fixture(scope="module", params=WHEELS)
def then(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """What a released one offered."""
    folder = tmp_path_factory.mktemp("released")
    return inventory(unpacked(request.param, folder), folder)


def test_every_name_is_still_there_and_called_as_it_was(then: Inventory, now: Inventory) -> None:
    assert len(then.names) > 400
    assert not then.names.keys() - now.names.keys()
    broken = {
        name: list(reasons)
        for name, before in then.names.items()
        if before is not None and name not in MADE_BY_US and (reasons := [*incompatible(before, now.names[name])])
    }
    assert not broken


def incompatible(before: Parameters, after: Parameters | None) -> Iterator[str]:
    """Why what could be called so can't any more."""
    if after is None:
        yield "it can't be called"
        return
    kinds = {name: kind for name, kind, _ in after}
    known = {name for name, *_ in before}
    places = [[name for name, kind, _ in each if kind in BY_POSITION] for each in (before, after)]
    if places[1][: len(places[0])] != places[0]:
        yield f"by position it took {places[0]}, now {places[1]}"
    for name, kind, optional in before:
        now_optional = next((each[2] for each in after if each[0] == name), None)
        if now_optional is None and not (kind == "KEYWORD_ONLY" and "VAR_KEYWORD" in kinds.values()):
            yield f"{name} is gone"
        elif optional and not now_optional:
            yield f"{name} must be given now"
        elif kind == "POSITIONAL_OR_KEYWORD" and kinds.get(name) == "POSITIONAL_ONLY":
            yield f"{name} can't be given by its name any more"
    yield from (
        f"{name} is new and must be given"
        for name, kind, optional in after
        if name not in known and not optional and kind not in VARIADIC
    )


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ([("a", "POSITIONAL_OR_KEYWORD", False)], None, "called"),
        ([("a", "POSITIONAL_OR_KEYWORD", False)], [], "position"),
        ([("a", "KEYWORD_ONLY", True)], [], "a is gone"),
        ([("a", "KEYWORD_ONLY", True)], [("a", "KEYWORD_ONLY", False)], "must be given"),
        ([], [("b", "KEYWORD_ONLY", False)], "b is new"),
        ([("a", "POSITIONAL_OR_KEYWORD", True)], [("a", "POSITIONAL_ONLY", True)], "by its name"),
        ([("a", "KEYWORD_ONLY", True)], [("a", "KEYWORD_ONLY", True), ("b", "KEYWORD_ONLY", True)], ""),
        ([("a", "KEYWORD_ONLY", True)], [("a", "POSITIONAL_OR_KEYWORD", True)], ""),
    ],
)
def test_what_breaks_callers_is_seen(before: Parameters, after: Parameters | None, why: str) -> None:
    reasons = list(incompatible(before, after))
    assert bool(reasons) == bool(why)
    assert why in " ".join(reasons)


def test_every_flag_and_variable_is_still_there(then: Inventory, now: Inventory) -> None:
    assert {"--listen", "GRIDGRAD_LISTEN"} <= set(then.flags["server"])
    for command, flags in then.flags.items():
        assert set(flags) <= set(now.flags[command]), command


def test_the_schema_only_grows(then: Inventory, now: Inventory) -> None:
    before, after = described(then.schema), described(now.schema)
    assert len(before) > 100
    assert not {name: (what, after.get(name)) for name, what in before.items() if after.get(name) != what}


def described(schema: FileDescriptorProto) -> Mapping[str, Any]:
    """Everything that the wire rests on, by its full name."""
    found: dict[str, Any] = {"package": schema.package}
    for enum in schema.enum_type:
        found |= _values(enum, "")
    for message in schema.message_type:
        found |= _fields(message, "")
    for service in schema.service:
        for method in service.method:
            streams = method.client_streaming, method.server_streaming
            found[f"{service.name}.{method.name}"] = (method.input_type, method.output_type, streams)
    return found


def _values(enum: EnumDescriptorProto, prefix: str) -> dict[str, Any]:
    return {f"{prefix}{enum.name}.{value.name}": value.number for value in enum.value}


def _fields(message: DescriptorProto, prefix: str) -> dict[str, Any]:
    name = f"{prefix}{message.name}."
    found: dict[str, Any] = {f"{name}{field.name}": _field(message, field) for field in message.field}
    for enum in message.enum_type:
        found |= _values(enum, name)
    for nested in message.nested_type:
        found |= _fields(nested, name)
    return found


def _field(message: DescriptorProto, field: FieldDescriptorProto) -> tuple[object, ...]:
    choice = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
    return field.number, field.type, field.type_name, field.label, choice
