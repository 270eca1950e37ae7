"""What stands between a call and the scheduler: whether the server is open, permits, and the size of tiles."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gridgrad_core.errors import BusyError, RequestError, TooLargeError, UnavailableError, UnknownFunctionError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.formulas.shared_formulas import SharedFormulas, TracedExpression
from gridgrad_server.requests.decode import read
from gridgrad_server.requests.derivations import Derivations
from gridgrad_server.requests.function_key import FunctionKey, FunctionKeys
from gridgrad_server.requests.request_cache import RequestCache
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.limits import RequestLimits
from gridgrad_server.scheduling.admission import Admission
from gridgrad_server.scheduling.observer import Observers
from tests.server.building import ReadyWorkers, RememberingSink, make_intake, make_request
from tests.server.calls import axis, grid, linspace


class RememberingScheduler:
    def __init__(self) -> None:
        self.is_shared = False
        self.told: list[tuple[str, object]] = []

    def submit(self, request: object) -> None:
        self.told.append(("submit", request))

    def cancel(self, request: object) -> None:
        self.told.append(("cancel", request))


def wired(most_requests: int = 4, most_bytes: int = 1000) -> tuple[Intake, Admission, Any, Any]:
    workers: Any = ReadyWorkers()
    scheduler: Any = RememberingScheduler()
    admission = Admission(most_requests, most_bytes)
    functions, limits = FunctionKeys(Programs(), "1"), RequestLimits(ServerSettings(piece_cost=1 << 16), 1)
    intake = Intake(functions, Derivations(), RequestCache(), limits, admission, workers, scheduler, Observers())
    return intake, admission, workers, scheduler


def test_no_worker_and_drain_are_unavailable() -> None:
    intake, admission, workers, _ = wired()
    intake.check_open()
    workers.hopeless = True
    with pytest.raises(UnavailableError, match="no worker can be started"):
        intake.admit(1, "someone")
    workers.ready = None
    with pytest.raises(UnavailableError, match="no worker is warm yet"):
        intake.admit(1, "someone")
    intake.draining = True
    with pytest.raises(UnavailableError, match="shutting down"):
        intake.admit(1, "someone")
    assert admission.requests == 0


def test_what_is_admitted_is_counted() -> None:
    intake, admission, _, _ = wired()
    permit = intake.admit(400, "someone")
    assert (admission.requests, admission.held_bytes) == (1, 400)
    with pytest.raises(BusyError):
        intake.admit(601, "someone")
    with pytest.raises(TooLargeError):
        intake.admit(1001, "someone")
    permit.give_back()
    assert (admission.requests, admission.held_bytes) == (0, 0)


async def test_a_stream_that_waited_for_room_is_refused_when_the_server_drains_meanwhile() -> None:
    intake, admission, _, _ = wired()
    held = intake.admit(900, "someone")
    waiting = asyncio.ensure_future(intake.admit_streamed(500, "another"))
    await asyncio.sleep(0)
    assert not waiting.done()
    intake.draining = True
    held.give_back()
    with pytest.raises(UnavailableError):
        await waiting
    assert admission.requests == 0


async def test_a_request_is_read_once_and_known_by_its_number_then() -> None:
    intake = make_intake()
    message, sink = grid(), RememberingSink()
    message.bind = True
    raw = message.SerializeToString()
    assert intake.known_request(raw, sink, "someone", None) is None
    first = await intake.read_request(raw, sink, "someone", 5.0)
    numbers = b"".join(given.array.data for given in message.inputs)
    by_number = pb.GridGradientRequest(bound=first.template.number, numbers=numbers).SerializeToString()
    again = intake.known_request(by_number, sink, "another", None)
    assert again is not None
    assert again.template.layout is first.template.layout
    assert [*again.numbers] == [*first.numbers]
    assert (first.caller, first.deadline_at, again.caller, again.deadline_at) == ("someone", 5.0, "another", None)


async def test_an_axis_that_is_not_used_broadcasts() -> None:
    request = pb.GridGradientRequest(function=pb.Function(expression="t"), inputs=[axis("t", 3), linspace("k", 2)])
    made = await make_intake().request(read(request), RememberingSink(), "", None)
    assert made.template.layout.shape == (3, 2)


async def test_introspection_is_about_expressions() -> None:
    functions = FunctionKeys(Programs(), "1")
    functions.registered = {"field": wpb.RegisteredFunction(name="field", why_functional="it draws random numbers")}
    plan = pb.Plan(function=pb.Function(expression="x*2"), inputs=[pb.PlanInput(name="x", dims=["x"])])
    function, _ = await make_intake(functions).expression(plan, "")
    assert function.text == "x*2"
    plan.function.registered = "field"
    why = r"which is no expression: it draws random numbers; .* functions\(\) describes registered ones"
    with pytest.raises(RequestError, match=why):
        await make_intake(functions).expression(plan, "")
    plan.function.registered = "fild"
    with pytest.raises(UnknownFunctionError, match="use one of field"):
        await make_intake(functions).expression(plan, "")


@pytest.mark.parametrize(("is_shared", "points"), [(False, 1 << 18), (True, 1 << 15)])
def test_tiles_are_cut_larger_unless_small_requests_wait_for_them(is_shared: bool, points: int) -> None:
    intake, _, _, scheduler = wired()
    scheduler.is_shared = is_shared
    request = make_request(number=2, points=1 << 18, tile_cost=1 << 16)
    request.template.function.throughput.note("", 1 << 16, 1e-6)
    intake.cut_by_throughput(request, 1 << 40)
    assert request.progress.take(1).points == points


def test_requests_are_handed_on() -> None:
    intake, _, _, scheduler = wired()
    request = make_request()
    intake.submit(request)
    intake.cancel(request)
    assert scheduler.told == [("submit", request), ("cancel", request)]


async def test_what_a_number_stands_for_is_derived_again_where_that_was_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intake, sink, completed = make_intake(), RememberingSink(), list[object]()

    async def complete(function: object, _: str) -> None:
        completed.append(function)

    monkeypatch.setattr(intake._derivations, "complete", complete)
    message = pb.GridGradientRequest(
        reduction=pb.Reduction(function=pb.Function(expression="t"), dims=["t"], kind="sum"),
        inputs=[axis("t", 1 << 20)],
        features=["reductions"],
        bind=True,
    )
    first = await intake.read_request(message.SerializeToString(), sink, "someone", None)
    assert first.template.met_first is not first.template.function
    bound = pb.GridGradientRequest(bound=first.template.number, numbers=message.inputs[0].array.data)
    await intake.read_request(bound.SerializeToString(), sink, "someone", None)
    assert completed == [first.template.met_first] * 2


class RefusingDerivations(Derivations):
    """Derives no expressions."""

    async def complete(self, function: FunctionKey, caller: str) -> None:
        if function.key.kind == "expression":
            raise TooLargeError("derivatives", f"derivatives of {function.text} for {caller}", "ask for fewer")


async def test_torch_computes_what_is_too_long_as_an_expression() -> None:
    function = wpb.RegisteredFunction(name="square", inputs=[wpb.FunctionInput(name="x")], components=["f"])
    function.expression, function.expression_order = "x*x", 4
    functions, formulas = FunctionKeys(Programs(), "1"), SharedFormulas()
    functions.registered, formulas.traced = {"square": function}, {"square": TracedExpression.of(function)}
    workers: Any = ReadyWorkers()
    scheduler: Any = RememberingScheduler()
    intake = Intake(
        functions, RefusingDerivations(), RequestCache(), RequestLimits(ServerSettings(), 1), Admission(4, 1000),
        workers, scheduler, Observers(), formulas=formulas,
    )  # fmt: skip
    message = pb.GridGradientRequest(function=pb.Function(registered="square"), inputs=[axis("x", 3)], bind=True)
    for request in (
        await intake.request(read(message), RememberingSink(), "someone", None),
        await intake.read_request(message.SerializeToString(), RememberingSink(), "someone", None),
    ):
        assert (request.template.function.key.kind, request.template.function.text) == ("registered", "square")
    message.function.expression = "x*x"
    with pytest.raises(TooLargeError, match="derivatives of x"):
        await intake.request(read(message), RememberingSink(), "someone", None)
