"""What workers are asked beside the batches, over real gRPC, with workers that only pretend to know."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.workers.program_state import MOST_KNOWN, ProgramStates

Serve = Callable[..., Awaitable[Any]]
Code = grpc.StatusCode


def plan(text: str = "x*2", **fields: Any) -> pb.Plan:
    names = [name for name in ("x", "kills", "hangs", "fails", "passes") if name in text]
    inputs = [pb.PlanInput(name=name, dims=[name]) for name in names]
    return pb.Plan(**{"function": pb.Function(expression=text), "inputs": inputs, **fields})


async def prepared(serving: Any, asked: pb.Plan) -> pb.PrepareResponse:
    raw = await serving.calls.method(methods.PREPARE, pb.PrepareRequest(plan=asked).SerializeToString())
    return pb.PrepareResponse.FromString(raw)


async def explained(serving: Any, asked: pb.Plan) -> pb.ExplainResponse:
    raw = await serving.calls.method(methods.EXPLAIN, pb.ExplainRequest(plan=asked).SerializeToString())
    return pb.ExplainResponse.FromString(raw)


async def refusal(call: Awaitable[Any]) -> tuple[Code, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), refused.value.details() or ""


def grid(text: str = "x*2") -> pb.GridGradientRequest:
    x = pb.Input(name="x", dims=["x"], linspace=pb.Linspace(start=0, stop=1, num=4))
    return pb.GridGradientRequest(function=pb.Function(expression=text), inputs=[x])


async def test_prepare_and_explain_are_answered(serve: Serve) -> None:
    serving = await serve(workers=2)
    while len(serving.server.parts.workers.devices) < 2:  # one that is ready later has not been asked to prepare
        await asyncio.sleep(0.005)
    answer = await prepared(serving, plan())
    assert (answer.engine, answer.tier, answer.reason, len(answer.digest)) == ("structured", "compiled", "", 64)
    assert answer.took_s > 0
    shown = await explained(serving, plan())
    assert (shown.program, list(shown.ranks), shown.tier, shown.digest) == ("x*2", [3], "compiled", answer.digest)
    assert (await serving.calls.grid(grid())).data


async def test_what_trouble_that_passes_kept_from_being_made_is_asked_for_again(serve: Serve) -> None:
    serving = await serve()
    answers = [await prepared(serving, plan("passes*2")) for _ in range(3)]
    assert [(each.tier, each.reason) for each in answers] == [("direct", "the disk is full"), *[("compiled", "")] * 2]


async def test_why_something_is_not_explained_is_passed_on(serve: Serve) -> None:
    serving = await serve()
    assert await refusal(explained(serving, plan("fails"))) == (
        Code.RESOURCE_EXHAUSTED,
        "f: it is long; shorten it",
    )
    assert (await explained(serving, plan())).program == "x*2"


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (pb.Plan(), Code.INVALID_ARGUMENT, "neither an expression nor a registered name"),
        (plan(function=pb.Function(registered="plain")), Code.INVALID_ARGUMENT, "registered function"),
        (plan("x +"), Code.INVALID_ARGUMENT, "line 1"),
        (plan(inputs=[]), Code.INVALID_ARGUMENT, "no 'x' among the inputs"),
        (plan(inputs=[pb.PlanInput(name="x", dims=["i", "i"])]), Code.INVALID_ARGUMENT, "a repeated dim"),
        (plan(inputs=[pb.PlanInput(name="x", dims=[""])]), Code.INVALID_ARGUMENT, "inputs[0].dims"),
        (plan(inputs=[pb.PlanInput(name="1")]), Code.INVALID_ARGUMENT, "inputs[0].name"),
        (plan(inputs=[pb.PlanInput(name="x", dims=["x"])] * 17), Code.INVALID_ARGUMENT, "17 inputs"),
        (plan(derivatives=[pb.Derivative(wrt=["y"])]), Code.INVALID_ARGUMENT, "'y'"),
        (plan(dtype=9), Code.INVALID_ARGUMENT, "unknown dtype 9"),
    ],
)
async def test_bad_functions_are_refused(serve: Serve, asked: pb.Plan, code: Code, said: str) -> None:
    serving = await serve()
    for ask in (prepared, explained):
        found, message = await refusal(ask(serving, asked))
        assert found == code
        assert said in message


async def test_one_caller_s_many_texts_do_not_make_a_worker_forget_another_s(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    introduced, introduce = list[tuple[str, bool]](), ProgramStates.introduce

    def noted(states: ProgramStates, function: FunctionKey) -> tuple[bool, list[int]]:
        is_new, forgotten = introduce(states, function)
        introduced.append((function.text, is_new))
        return is_new, forgotten

    monkeypatch.setattr(ProgramStates, "introduce", noted)
    serving = await serve()
    mine, flood = ([("gridgrad-client-id", name)] for name in ("neighbour", "flood"))
    await serving.calls.grid(grid(), metadata=mine)
    for i in range(MOST_KNOWN + 1):
        await serving.calls.grid(grid(f"x*3 + {i}"), metadata=flood)
    (worker,) = serving.server.parts.workers.running
    assert worker.programs.counts()[0] == MOST_KNOWN
    introduced.clear()
    await serving.calls.grid(grid(), metadata=mine)
    await serving.calls.grid(grid("x*3 + 0"), metadata=flood)
    assert introduced == [("x*2", False), ("x*3 + 0", True)]


@pytest.mark.parametrize("ask", [prepared, explained])
async def test_a_function_that_kills_two_workers_is_given_up(serve: Serve, ask: Callable[..., Awaitable[Any]]) -> None:
    serving = await serve()
    codes = [(await refusal(ask(serving, plan("kills"))))[0]]
    while codes[-1] is Code.UNAVAILABLE:
        assert len(codes) < 100
        await asyncio.sleep(0.02)
        codes.append((await refusal(ask(serving, plan("kills"))))[0])
    assert codes[-1] is Code.ABORTED
    assert (await refusal(ask(serving, plan("kills"))))[0] is Code.ABORTED
    assert (await serving.calls.grid(grid())).data


async def test_a_function_that_takes_for_ever_costs_a_worker_and_not_the_batch_behind_it(serve: Serve) -> None:
    serving = await serve(piece_timeout=0.5)
    question = asyncio.create_task(refusal(explained(serving, plan("hangs"))))
    await asyncio.sleep(0)
    answer = await serving.calls.grid(grid())
    assert answer.data
    assert (await question)[0] is Code.UNAVAILABLE


async def test_a_caller_that_gives_up_ends_the_waiting_alone(serve: Serve) -> None:
    serving = await serve("--slow-start")
    call: Any = serving.calls.channel.unary_unary(methods.EXPLAIN.path)
    code, _ = await refusal(call(pb.ExplainRequest(plan=plan("hangs")).SerializeToString(), timeout=0.05))
    assert code is Code.DEADLINE_EXCEEDED


async def test_a_server_that_drains_does_not_wait_for_who_prepares(serve: Serve) -> None:
    serving = await serve()
    call = asyncio.create_task(refusal(prepared(serving, plan("hangs"))))
    while not serving.server.parts.questions.requests:
        await asyncio.sleep(0.005)
    serving.server.stop()
    assert (await call)[0] is Code.UNAVAILABLE
