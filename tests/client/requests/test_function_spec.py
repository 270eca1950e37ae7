"""`prepare`, `explain` and `tier=`: what is sent, and what is made of the answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
import gridgrad.aio
from gridgrad.requests.function_spec import plan_message, remarks_on
from gridgrad.requests.request import Registered
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake import FakeServer

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
PREPARED = pb.PrepareResponse(engine="structured", tier="direct", reason="no compiler", digest="ab" * 32, took_s=0.5)
EXPLAINED = pb.ExplainResponse(
    digest="ab" * 32,
    program="t*k",
    derived="f = t*k\nf_t = k",
    separated="f = t*k\nf_t = k*1",
    levels=[
        pb.LevelOperations(dims=[], before=1, after=2),
        pb.LevelOperations(dims=["t", "k"], before=1234, after=56),
    ],
    ranks=range(1, 101),
    operations_written=1300,
    operations_hoisted=1234,
    operations_left=56,
    engine="structured",
    tier="compiled",
)


@pytest.fixture
def answering(server: FakeServer) -> FakeServer:
    server.plain[methods.PREPARE.path] = lambda _: PREPARED.SerializeToString()
    server.plain[methods.EXPLAIN.path] = lambda _: EXPLAINED.SerializeToString()
    return server


def plan_of(server: FakeServer) -> pb.Plan:
    """What the last call was about."""
    return pb.PrepareRequest.FromString(server.asked[-1]).plan


def test_what_is_sent_for_values_and_for_names(answering: FakeServer, client: gridgrad.Client) -> None:
    values = {"K": 100.0, "t": np.ones(3), "T": ("option", [1.0, 2.0]), "u": (("i", "t"), np.ones((2, 3)))}
    names = [("K", ()), "t", ("T", "option"), ("u", ("i", "t"))]
    for inputs in (values, names):
        client.prepare("K*t*T*u", inputs, order=1)
        plan = plan_of(answering)
        assert plan.function.expression == "K*t*T*u"
        assert [(each.name, list(each.dims)) for each in plan.inputs] == [
            ("K", []), ("t", ["t"]), ("T", ["option"]), ("u", ["i", "t"]),
        ]  # fmt: skip
        assert [list(each.wrt) for each in plan.derivatives] == [["t"], ["T"], ["u"]]
        assert plan.dtype == pb.DTYPE_FLOAT64


def test_derivatives_and_dtype_are_as_for_gradient(answering: FakeServer, client: gridgrad.Client) -> None:
    client.explain(gridgrad.parse("t*k"), ["t", "k"], derivatives=["t", ("k", "t")], dtype="float32")
    plan = plan_of(answering)
    assert [list(each.wrt) for each in plan.derivatives] == [["t"], ["t", "k"]]
    assert plan.dtype == pb.DTYPE_FLOAT32
    client.explain("t", {"t": np.ones(2, np.float32)}, wrt="t", order=2)
    assert plan_of(answering).dtype == pb.DTYPE_FLOAT32
    client.explain("1", {})
    assert plan_of(answering).dtype == pb.DTYPE_FLOAT64


@pytest.mark.parametrize("inputs", ["t", 3, [3], [("t", 3)], [("t", "a", "b")], None])
def test_what_names_no_inputs_is_refused(client: gridgrad.Client, inputs: Any) -> None:
    with pytest.raises(gridgrad.RequestError, match="name axes"):
        client.prepare("t", inputs)


def test_the_tier_is_sent(server: FakeServer, client: gridgrad.Client) -> None:
    client.gradient("t*k", AXES)
    client.gradient("t*k", AXES, tier="compiled")
    (_,) = client.stream([gridgrad.Request("t*k", AXES, tier="direct")])
    assert [each.tier for each in server.requests] == [pb.TIER_UNSPECIFIED, pb.TIER_COMPILED]
    assert server.entries[0].request.tier == pb.TIER_DIRECT
    for wrong in ("fast", None, 1, ["direct"]):
        with pytest.raises(gridgrad.RequestError, match="'auto', 'direct', 'compiled'"):
            client.gradient("t*k", AXES, tier=wrong)  # type: ignore[arg-type] # what is tested


def test_remarks_are_those_of_the_expression_and_its_derivatives() -> None:
    (remark,) = remarks_on(plan_message("where(t == 0, 1, sin(t)/k)", ["t", "k"], None, 1, None, None))
    assert "where(t == ...)" in remark
    assert remarks_on(plan_message("sin(t)*k", ["t", "k"], None, 1, None, None)) == ()
    assert remarks_on(plan_message(Registered("served"), ["t", "k"], None, 1, None, None)) == ()
