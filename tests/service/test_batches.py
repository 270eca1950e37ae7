"""What happens when many ask at once: batches, and small calls beside large ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.seeds import examples
from tests.service.calls import Call, Calls, array_input, axis, grids, parameter, request
from tests.service.gates import at_gate, behind_the_gate, busy_worker, square, value
from tests.service.harness import HOLD, PIECE, Running, eventually
from tests.service.large import LARGE, start_large


@pytest.fixture
def server(narrow_server: Running) -> Running:
    """The server that holds little."""
    return narrow_server


# Batches


def test_64_threads_with_mixed_requests(server: Running, calls: Calls) -> None:
    with (
        gridgrad.Client(server.address) as observer,
        ThreadPoolExecutor(64) as pool,
        busy_worker(server, calls),
    ):
        runs = [pool.submit(one_thread, server.address, number) for number in range(64)]
        eventually(lambda: observer.server_status().load.entries >= 60, "nearly as many entries as there are places")
        server.control.release()
        sizes = [size for run in runs for size in run.result()]
    assert len(sizes) == 64 * 8
    # The first waited for the worker; three quarters of them are of three kinds.
    assert max(sizes) >= 12, "no batches were formed"


def one_thread(address: str, number: int) -> list[int]:
    """Eight calls of the kind that falls to this thread, each checked; the sizes of their batches.

    Each thread is a caller of its own: one alone would get half of the places.
    """
    rng = np.random.default_rng(number)
    with gridgrad.Client(address, retries=1000) as client:
        return [KINDS[number % len(KINDS)](client, rng) for _ in range(8)]


def bilinear(client: gridgrad.Client, rng: np.random.Generator) -> int:
    t, k = rng.normal(size=rng.integers(1, 40)), rng.normal(size=rng.integers(0, 40))
    result = client.gradient("t*k + 2*t*k**2", {"t": t, "k": k}, timeout=60)
    assert_allclose(result.value, t[:, None] * k + 2 * t[:, None] * k**2, rtol=1e-13, atol=1e-14)
    assert_allclose(result.d["t"], np.broadcast_to(k + 2 * k**2, result.value.shape), rtol=1e-13, atol=1e-14)
    assert_allclose(result.d["k"], t[:, None] * (1 + 4 * k), rtol=1e-13, atol=1e-14)
    return result.info.batch_size


def registered(client: gridgrad.Client, rng: np.random.Generator) -> int:
    x = rng.normal(size=rng.integers(1, 100))
    result = client.gradient(gridgrad.registered("gate"), {"x": x}, order=2, timeout=60)
    assert_array_equal(result.value, x * x)
    assert_array_equal(result.d["x"], 2 * x)
    assert_array_equal(result.d["x", "x"], np.full_like(x, 2))
    return result.info.batch_size


def single(client: gridgrad.Client, rng: np.random.Generator) -> int:
    x = rng.uniform(0.5, 2, size=rng.integers(1, 100)).astype(np.float32)
    result = client.gradient("x**2", {"x": x}, timeout=60)
    assert result.value.dtype == np.float32
    assert_allclose(result.value, x * x, rtol=1e-6)
    assert_allclose(result.d["x"], 2 * x, rtol=1e-6)
    return result.info.batch_size


def its_own(client: gridgrad.Client, rng: np.random.Generator) -> int:
    factor = float(rng.integers(1, 1 << 40))
    x = rng.normal(size=3)
    result = client.gradient(f"{factor!r}*x", {"x": x}, timeout=60)
    assert_array_equal(result.value, factor * x)
    assert result.info.batch_size == 1 or factor == 1
    return 1


KINDS = (bilinear, registered, single, its_own)

lengths = st.integers(0, 12)
entries = st.lists(st.tuples(lengths, lengths, st.integers(0, 1 << 30)), min_size=2, max_size=8)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries)
def test_a_batched_answer_equals_the_answer_alone(
    server: Running, calls: Calls, drawn: list[tuple[int, int, int]]
) -> None:
    asked = [mixed_request(*each) for each in drawn]
    alone = [calls.ask(each) for each in asked]
    batched = in_one_batch(server, calls, asked)
    assert {answer.header.info.batch_size for answer in batched} == {len(asked)}
    for one, other in zip(alone, batched, strict=True):
        assert one.header.shape == other.header.shape
        assert one.header.info.batch_size == 1
        assert_allclose(grids(one), grids(pb.GridGradientResponse(header=other.header, data=other.data)), rtol=1e-14)


def mixed_request(n: int, m: int, seed: int) -> pb.GridGradientRequest:
    """A function of two axes, a field over both and a parameter."""
    rng = np.random.default_rng(seed)
    inputs = [
        axis("x", rng.uniform(0.5, 2, n)),
        array_input("c", ["y", "x"], rng.uniform(0.5, 2, (m, n))),
        axis("y", rng.uniform(0.5, 2, m)),
        parameter("p", rng.uniform(0.5, 2)),
    ]
    return request("c*exp(x*y/p) + sqrt(x)", inputs, ["x"], ["y", "c"], ["p", "p"])


def in_one_batch(
    server: Running, calls: Calls, asked: list[pb.GridGradientRequest]
) -> list[pb.StreamGridGradientsResponse]:
    """Has them wait for the worker together.

    One entry is computed meanwhile and another waits at the worker; a bad one behind them all says when
    they are in the queue.
    """
    numbered = [(0, at_gate(HOLD + 2)), (999, square(1.0)), *enumerate(asked, 1), (1_000, request("?", []))]
    answers: dict[int, pb.StreamGridGradientsResponse] = {}
    with server.control.held():
        for answer in calls.stream(behind_the_gate(server, numbered)):
            answers[answer.id] = answer
            if answer.id == 1_000:
                assert not answers.keys() - {1_000}
                server.control.release()
    return [answers[number] for number in range(1, len(asked) + 1)]


# Fairness


def test_small_calls_overtake_a_large_one(server: Running, calls: Calls) -> None:
    server.control.forget_points()
    with server.control.held():
        large = start_large(calls)
        for number in range(3):
            server.control.await_held()
            passed_before = passed(server)
            small = calls.start(square(float(number)))
            calls.flush()
            step_until(server, small)
            assert value(small) == number**2
            # One piece is computing, one waits at the worker, one may be the turn's; and some pass
            # before the answer is here.
            assert passed(server) - passed_before <= 6 * PIECE
            assert not large.done()
        server.control.release()
        header, data = large.result()
    assert_array_equal(data, np.linspace(2 * HOLD, 3 * HOLD, LARGE) ** 2)
    assert header.info.batch_size >= 1


def passed(server: Running) -> float:
    """How many points of the large entry have passed the gate."""
    return (max(server.control.points(), default=2 * HOLD) - 2 * HOLD) / HOLD * LARGE


def step_until(server: Running, call: Call) -> None:
    """Opens the gate for one computation after the other until a call is answered."""
    while not call.done():
        server.control.step()
        eventually(lambda: call.done() or server.control.is_held(), "the small call or the next piece")
