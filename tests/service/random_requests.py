"""Requests that nobody would write: right ones with fields changed, and with their bytes damaged."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.core.lang.random_texts import NAMES, damaged, text
from tests.service.calls import array_input, linspace, parameter, request

__all__ = ["METHODS", "changed", "random_message", "random_request"]

METHODS = [
    *(each.path for each in methods.METHODS if each not in (methods.STREAM_GRID_GRADIENTS, methods.OPEN_SESSION)),
    *("/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List"),
]
"""The unary methods, but for the one that leaves sessions behind."""

INTEGERS = (0, 1, 2, 3, 5, 8, 64, 4096, 1 << 16, 1 << 31, (1 << 53) + 1, (1 << 62) + 1, -1, -8, -(1 << 40))
DOUBLES = (0.0, -0.0, 1.0, -2.5, 1e-300, 1e300, 5e-324, math.inf, -math.inf, math.nan)
STRINGS = (*NAMES, "", "t" * 65, "1t", "t k", "é", "tests.service.functions", "gate", "square", "\0", "f", "__class__")


def random_request(draw: random.Random) -> pb.GridGradientRequest:
    """A small right request, or nearly one."""
    used = draw.sample(NAMES, draw.randint(1, 4))
    asked = request(text(draw, 3), [_input(draw, name) for name in used])
    if draw.random() < 0.1:
        asked.function.registered = draw.choice(("gate", "nothing", ""))
    for _ in range(draw.randrange(4)):
        asked.derivatives.add(wrt=[draw.choice(used) for _ in range(draw.randint(1, 3))])
    asked.dtype, asked.tier = draw.choice((0, 0, 1, 2)), draw.choice((0, 0, 0, 1))  # type: ignore[assignment] # numbers
    return asked


def _input(draw: random.Random, name: str) -> pb.Input:
    kind = draw.randrange(4)
    if kind == 0:
        return parameter(name, draw.choice(DOUBLES))
    if kind == 1:
        return linspace(name, draw.uniform(-3, 3), draw.uniform(-3, 3), draw.randint(0, 5))
    length = draw.randrange(4)
    return array_input(name, [draw.choice((name, "dim"))], [draw.uniform(-3, 3) for _ in range(length)])


def random_message(draw: random.Random) -> bytes:
    """The bytes of a right request, of one with fields changed, or of damaged ones."""
    computed = random_request(draw)
    asked: Message = computed
    shape = draw.randrange(8)
    if shape == 0:
        asked = pb.StreamGridGradientsRequest(id=draw.randrange(9), request=computed, entries=draw.choice((0, 1, 2)))
    elif shape == 1:
        plan = pb.Plan(function=computed.function, inputs=_plan_inputs(computed))
        asked = draw.choice((pb.PrepareRequest, pb.ExplainRequest))(plan=plan)
    return changed(draw, asked)


def _plan_inputs(asked: pb.GridGradientRequest) -> list[pb.PlanInput]:
    return [pb.PlanInput(name=each.name, dims=each.dims) for each in asked.inputs]


def changed(draw: random.Random, asked: Message) -> bytes:
    """The bytes of a message, at times with fields changed, or themselves damaged."""
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        _change(draw, draw.choice(list(_within(asked))))
    raw = asked.SerializeToString()
    return _damage(draw, raw) if draw.random() < 0.25 else raw


def _within(message: Message) -> Iterator[Message]:
    """A message and all in it."""
    yield message
    fields: Any = message.ListFields()
    for field, value in fields:
        if field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                yield from _within(each)


def _change(draw: random.Random, message: Message) -> None:
    """Changes one field."""
    field: Any = draw.choice(message.DESCRIPTOR.fields)  # whose stubs say little
    if draw.random() < 0.2:
        message.ClearField(field.name)
    elif field.is_repeated:
        _change_list(draw, getattr(message, field.name), field)
    elif field.message_type is not None:
        getattr(message, field.name).SetInParent()
    else:
        setattr(message, field.name, _value(draw, field))


def _change_list(draw: random.Random, values: Any, field: Any) -> None:
    if len(values) and draw.random() < 0.5:
        place = draw.randrange(len(values))
        if draw.random() < 0.5:
            del values[place]
        elif field.message_type is not None:
            values.add().CopyFrom(values[place])
        else:
            values[place] = _value(draw, field)
    elif field.message_type is not None:
        values.add()
    else:
        values.append(_value(draw, field))


def _value(draw: random.Random, field: Any) -> object:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_BOOL:
            return draw.random() < 0.5
        case FieldDescriptor.CPPTYPE_ENUM:
            return draw.choice((0, 1, 2, 3, 99, -1))
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return draw.choice(DOUBLES)
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            return struct.pack("<d", draw.choice(DOUBLES)) * draw.randrange(6) + bytes(draw.randrange(3))
        case FieldDescriptor.CPPTYPE_STRING:
            return draw.choice((draw.choice(STRINGS), damaged(draw, text(draw, 2))))
    bits = 31 if field.cpp_type in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32) else 63
    number = draw.choice(INTEGERS) % (1 << bits)
    unsigned = field.cpp_type in (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64)
    return number if unsigned or draw.random() < 0.7 else -number


def _damage(draw: random.Random, raw: bytes) -> bytes:
    """Some bytes changed, gone, doubled or put in."""
    damaged_bytes = bytearray(raw)
    for _ in range(draw.randint(1, 4)):
        place = draw.randint(0, len(damaged_bytes))
        match draw.randrange(4):
            case 0:
                damaged_bytes[place : place + 1] = bytes([draw.randrange(256)])
            case 1:
                del damaged_bytes[place : place + draw.randint(1, 8)]
            case 2:
                damaged_bytes[place:place] = damaged_bytes[place : place + draw.randint(1, 8)]
            case _:
                del damaged_bytes[place:]
    return bytes(damaged_bytes)
