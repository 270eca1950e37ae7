"""What the server says of itself, as messages of the schema."""

from __future__ import annotations

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.rpc import introspection_responses as responses
from tests.server.building import function_key


def test_functions_are_sorted_and_none_before_a_worker_is_ready() -> None:
    x, nu = wpb.FunctionInput(name="x", unit="m"), wpb.FunctionInput(name="nu", default=0.0)
    functions = [wpb.RegisteredFunction(name=name, inputs=[x, nu], components=["u"]) for name in ("b", "a")]
    listed = responses.functions(wpb.Ready(functions=functions)).functions
    assert [each.name for each in listed] == ["a", "b"]
    assert (listed[0].inputs[0].unit, listed[0].inputs[1].HasField("default")) == ("m", True)
    assert not responses.functions(None).functions


def test_limits_and_language_are_told() -> None:
    told = responses.server("1.2", ["cpu", "cpu"], ServerSettings(request_cost=5, message_bytes=1 << 20))
    assert (told.version, list(told.devices), told.engine) == ("1.2", ["cpu", "cpu"], "structured")
    assert (told.limits.request_cost, told.limits.message_bytes, told.limits.derivatives) == (5, 1 << 20, 256)
    names = [each.name for each in told.language_functions]
    assert names == sorted(names)
    assert {"sin", "diff", "where"} <= set(names)
    signatures = {each.name: each.signature for each in told.language_functions}
    assert signatures["hypot"] == "hypot(x, y)"
    assert "..." in signatures["maximum"]


def test_what_is_compiled_says_no_reason_and_what_is_not_says_one() -> None:
    function = function_key()
    ready = responses.prepared(function, wpb.PlanState(compiled="ready", engine="structured"), 0.5)
    assert (ready.tier, ready.reason, ready.digest, ready.took_s) == ("compiled", "", "digest1", 0.5)
    never = responses.prepared(function, wpb.PlanState(compiled="never", engine="structured", why="no compiler"), 0.5)
    assert (never.tier, never.reason) == ("direct", "no compiler")
    pending = responses.prepared(function, wpb.PlanState(compiled="pending", engine="functional"), 0.5)
    assert (pending.tier, pending.reason) == ("", "it is compiled once it is hot, or prepared")


def test_an_explanation_is_passed_on() -> None:
    level = wpb.LevelCount(dims=["t"], before=9, after=4)
    told = wpb.Explanation(program="p", derived="d", separated="s", levels=[level], ranks=[2, 1], written=7, left=3)
    shown = responses.explained(function_key(), told, wpb.PlanState(compiled="ready", engine="structured"))
    assert (shown.program, shown.derived, shown.separated) == ("p", "d", "s")
    assert (shown.operations_written, shown.operations_left, list(shown.ranks)) == (7, 3, [2, 1])
    assert [(list(each.dims), each.before, each.after) for each in shown.levels] == [(["t"], 9, 4)]
