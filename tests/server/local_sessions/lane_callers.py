"""Callers of sessions who ask for lanes."""

from __future__ import annotations

import struct
from typing import Any

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.local_sessions.call_lane import CallLane
from tests.server.conftest import Serving
from tests.server.local_sessions.callers import Caller, response_of

POINTS = 5
COST = 2 * POINTS


def request(text: str = "a*x", points: int = POINTS, **fields: Any) -> pb.GridGradientRequest:
    axis = pb.Input(
        name="x", dims=["x"], array=pb.Array(shape=[points], data=struct.pack(f"<{points}d", *range(points)))
    )
    number = pb.Input(name="a", array=pb.Array(data=struct.pack("<d", 1.0)))
    derivative = [pb.Derivative(wrt=["a"])]
    function = pb.Function(expression=text)
    return pb.GridGradientRequest(function=function, inputs=[axis, number], derivatives=derivative, **fields)


def again(number: int, a: float = 2.0) -> pb.GridGradientRequest:
    return pb.GridGradientRequest(bound=number, numbers=struct.pack("<d", a))


async def prepared(serving: Serving, text: str = "a*x") -> None:
    asked = request(text)
    inputs = [pb.PlanInput(name=each.name, dims=each.dims) for each in asked.inputs]
    plan = pb.Plan(function=asked.function, inputs=inputs, derivatives=asked.derivatives)
    await serving.calls.method(methods.PREPARE, pb.PrepareRequest(plan=plan).SerializeToString())


async def numbered(caller: Caller, text: str = "a*x", points: int = POINTS) -> int:
    """The number of a request whose numbers vary but for the axis."""
    await caller.ask(request(text, points, bind=True, fixed=["x"]))
    return response_of(await caller.answer()).header.bound


async def granted(caller: Caller, number: int, slots: int = 1) -> pb.LaneGrant:
    """What is said of a lane, with or after a call that asks for one."""
    await caller.ask(again(number), lane_slots=slots)
    answers = [await caller.answer() for _ in range(2)]
    (grant,) = [answer.lane for answer in answers if answer.HasField("lane")]
    return grant


def lanes_of(serving: Serving) -> list[CallLane]:
    return list(serving.server.parts.sessions._lanes._callers)


def use(lane: CallLane, calls: int, busy_since: float = 0.0) -> None:
    """Writes into the account of a lane as its worker does."""
    struct.pack_into("<dqqqd", lane.private.view, 0, busy_since, calls, calls * COST, calls * POINTS, calls * 1e-6)


def budget(lane: CallLane) -> int:
    most: int = struct.unpack_from("<q", lane.private.view, 48)[0]
    return most
