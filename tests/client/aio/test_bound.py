"""Bound calls over a real socket: what travels, and what a server that forgets costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad.errors import ForgottenNumberError
from gridgrad.testing import FakeClient
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake import FakeServer, answer, header_of, planes_of, refuse

T, K = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
INPUTS = {"t": T, "k": K, "a": 1.0}


class Numbering:
    """Answers by numbers that it gives, as long as it remembers them."""

    def __init__(self, server: FakeServer) -> None:
        self.known: dict[int, pb.GridGradientRequest] = {}
        self.kinds = ""
        self._last = 1000
        server.unary = self._answer
        server.plain[methods.PREPARE.path] = lambda _: pb.PrepareResponse(tier="compiled").SerializeToString()

    def _answer(self, request: pb.GridGradientRequest, context: grpc.ServicerContext) -> bytes:
        if not request.bound:
            self.kinds += "a" if request.bind else "w"
            return self._given(request) if request.bind else answer(request, context)
        self.kinds += "n"
        whole = self.known.get(request.bound)
        if whole is None:
            return refuse(context, ForgottenNumberError("bound", "a number", "send the whole"))
        spelled, start = pb.GridGradientRequest(), 0
        spelled.CopyFrom(whole)
        for given in spelled.inputs:
            if given.name not in whole.fixed:
                end = start + len(given.array.data)
                given.array.data, start = request.numbers[start:end], end
        assert start == len(request.numbers)
        return answer(spelled, context)

    def _given(self, request: pb.GridGradientRequest) -> bytes:
        self._last += 1
        self.known[self._last] = request
        header = header_of(request)
        header.bound = self._last
        return pb.GridGradientResponse(header=header, data=planes_of(request).tobytes()).SerializeToString()


@pytest.fixture
def numbering(server: FakeServer) -> Numbering:
    return Numbering(server)


def test_a_bound_call_says_what_it_shares_once(server: FakeServer, numbering: Numbering) -> None:
    with gridgrad.Client(server.address) as client:
        problem = client.bind("a*t*k", INPUTS, varying=["a", "k"])
        assert problem.varying == ("a", "k")
        assert pb.PrepareRequest.FromString(server.asked[0]).plan.function.expression == "a*t*k"
        for number in range(5):
            values: dict[str, Any] = {"a": float(number), "k": K + number}
            result = problem(**values)
            assert_array_equal(result.value, client.gradient("a*t*k", {**INPUTS, **values}).value)
            assert result.inputs["a"] == number
            assert result.request.inputs["k"] is values["k"]
        assert numbering.kinds == "aw" + "na" + "nn" * 3
        assert sum(len(each.numbers) for each in server.requests if each.bound) == 4 * (8 + 24) + 3 * (8 + 16 + 24)


def test_a_server_that_forgets_is_told_again_within_the_call(server: FakeServer, numbering: Numbering) -> None:
    with gridgrad.Client(server.address, retries=0) as client:
        problem = client.bind("a*t*k", INPUTS, varying="a")
        problem(a=1.0)
        problem(a=2.0)
        numbering.known.clear()
        assert_array_equal(problem(a=3.0).value, client.gradient("a*t*k", {**INPUTS, "a": 3.0}).value)
        assert numbering.kinds == "an" + "nw" + "w"
        problem({"a": 4.0})
        problem({"a": 4.0})
        assert numbering.kinds[5:] == "wa"


@pytest.mark.usefixtures("numbering")
def test_any_other_error_is_the_caller_s(server: FakeServer) -> None:
    with gridgrad.Client(server.address) as client:
        problem = client.bind("a*t*k", INPUTS, varying="a")
        problem(a=1.0)
        server.unary = lambda _, context: refuse(context, gridgrad.RequestError("bound", "no", "so"))
        with pytest.raises(gridgrad.RequestError, match="no"):
            problem(a=1.0)
        assert len(server.requests) == 2


def test_many_calls_travel_together(server: FakeServer) -> None:
    with gridgrad.Client(server.address) as client:
        problem = client.bind("a*t*k", INPUTS, varying="a", tier="direct")
        assert not server.asked
        numbers = [float(number) for number in range(20)]
        results = list(problem.many({"a": number} for number in numbers))
        assert [result.inputs["a"] for result in results] == numbers
        assert_array_equal(results[7].value, client.gradient("a*t*k", {**INPUTS, "a": 7.0}).value)
        assert max(server.packs) > 1
        outcomes = list(problem.many([{"a": 1.0}, {"b": 1.0}, {"a": [1.0]}, {"a": 2.0}], errors="return"))
        kinds = [type(each) for each in outcomes]
        assert kinds == [gridgrad.Result, gridgrad.RequestError, gridgrad.RequestError, gridgrad.Result]
        with pytest.raises(gridgrad.RequestError, match="'b'"):
            list(problem.many([{"b": 1.0}]))


async def test_tasks_bind_too(server: FakeServer, numbering: Numbering) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        problem = await client.bind("a*t*k", INPUTS, varying="a")
        assert "varies a" in repr(problem)
        for number in range(3):
            assert (await problem(a=float(number))).inputs["a"] == number
        assert numbering.kinds == "ann"
        assert [result.inputs["a"] async for result in problem.many([{"a": 1.0}, {"a": 2.0}])] == [1.0, 2.0]


def test_an_input_may_be_called_as_a_parameter_is(server: FakeServer) -> None:
    with gridgrad.Client(server.address) as client:
        problem = client.bind("timeout*t", {"t": T, "timeout": 1.0}, varying="timeout", tier="direct")
        assert problem({"timeout": 3.0}, timeout=60.0).inputs["timeout"] == 3.0


@pytest.mark.parametrize(
    "wrong", [lambda problem: problem(b=1.0), lambda problem: problem(), lambda problem: problem(a=[1.0, 2.0])]
)
def test_what_does_not_fit_is_not_sent(
    server: FakeServer, wrong: Callable[[gridgrad.BoundCall[gridgrad.Result]], object]
) -> None:
    with gridgrad.Client(server.address) as client:
        problem = client.bind("a*t*k", INPUTS, varying="a", tier="direct")
        with pytest.raises(gridgrad.RequestError, match="bind anew"):
            wrong(problem)
    assert not server.requests


def test_a_fake_client_binds() -> None:
    with FakeClient({"a*t": {(): lambda t, a: a * t}}) as client:
        problem = client.bind("a*t", {"t": T, "a": 1.0}, varying="a", order=0)
        assert_array_equal(problem(a=2.0).value, [2.0, 4.0])
