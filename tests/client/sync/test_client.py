"""The synchronous client against a server of real sockets."""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.results import server_info as catalog
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake import HEALTH, FakeServer, Times, answer, failed_entry, planes_of, refuse, windows

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0])
LARGE = {"t": np.arange(600.0), "k": np.arange(500.0)}  # 7 MB with both partials
NEVER_S = 30.0
TOO_LARGE = errors.UseStreamError("result", "7200000 bytes", "call StreamGridGradients")
BUSY = errors.BusyError("", "the queue is full", "retry")


def test_a_small_grid_is_one_message(server: FakeServer, client: gridgrad.Client) -> None:
    result = client.gradient("t*k", AXES)
    assert_array_equal(result.value, SUMS)
    assert_array_equal(result.d["t"], SUMS + 1000)
    assert_array_equal(result.d["k"], SUMS + 2000)
    assert result.info == gridgrad.Info(0.25, 0.5, 3, "functional", "", "cpu", "9.9.9", "abc")
    assert len(server.requests) == 1
    assert not server.entries


def test_what_is_sent(server: FakeServer, client: gridgrad.Client) -> None:
    inputs: dict[str, Any] = {"x": np.array([1, 2], np.float32), "y": gridgrad.linspace(0, 1, 3), "c": 2.5}
    client.gradient(gridgrad.registered("f"), inputs, derivatives=[("y", "x"), "c", ("x", "y")])
    (sent,) = server.requests
    assert sent.function == pb.Function(registered="f")
    assert [list(d.wrt) for d in sent.derivatives] == [["x", "y"], ["c"]]
    assert sent.dtype == pb.DTYPE_FLOAT32
    x, y, c = sent.inputs
    assert (x.name, list(x.dims), x.array.dtype, x.array.data) == ("x", ["x"], pb.DTYPE_FLOAT32, inputs["x"].tobytes())
    assert y.linspace == pb.Linspace(start=0, stop=1, num=3)
    assert (list(c.dims), list(c.array.shape)) == ([], [])


def test_a_large_grid_comes_in_windows_in_any_order(server: FakeServer, client: gridgrad.Client) -> None:
    boxes = [(2, 1, 150_000, 150_000), (0, 2, 0, 200_000), (2, 1, 0, 150_000), (0, 2, 200_000, 100_000)]
    server.stream = lambda messages, _: (raw for message in messages for raw in windows(message, boxes))
    result = client.gradient("t*k", LARGE)
    sums = np.add.outer(LARGE["t"], LARGE["k"])
    assert_array_equal(result.value, sums)
    assert_array_equal(result.d["k"], sums + 2000)
    assert not result.value.flags.writeable
    assert not server.requests


@pytest.mark.parametrize("inputs", [AXES, LARGE], ids=["unary", "stream"])
def test_out_is_filled_and_stays_writable(client: gridgrad.Client, inputs: dict[str, Any]) -> None:
    out = np.empty((3, len(inputs["t"]), len(inputs["k"])))
    result = client.gradient("t*k", inputs, out=out)
    assert np.shares_memory(result.value, out)
    assert_array_equal(out[1], np.add.outer(inputs["t"], inputs["k"]) + 1000)
    result.d["t"][0, 0] = -1
    assert out[1, 0, 0] == -1


def test_out_for_a_tuple_has_its_components(client: gridgrad.Client) -> None:
    out = np.empty((3, 2, 3, 2))
    result = client.gradient("t, k", AXES, out=out)
    assert_array_equal(result.d["k"], [SUMS + 4000, SUMS + 5000])
    assert np.shares_memory(result.value, out)
    for shape in ((3, 3, 2), (3, 3, 3, 2)):
        with pytest.raises(gridgrad.RequestError, match=r"out: .*numpy.empty\(\(3, 2, 3, 2\), 'float64'\)"):
            client.gradient("t, k", AXES, out=np.empty(shape))


@pytest.mark.parametrize(
    "out",
    [np.empty((3, 3, 2), "f4"), np.empty((2, 3, 2)), np.empty((3, 2, 3)), np.empty((2, 3, 3)).T, [1.0], np.empty(())],
    ids=lambda out: f"{getattr(out, 'shape', 'list')}",
)
def test_an_out_that_does_not_fit_is_refused_before_the_call(
    server: FakeServer, client: gridgrad.Client, out: Any
) -> None:
    with pytest.raises(gridgrad.RequestError, match="out"):
        client.gradient("t*k", AXES, out=out)
    assert not server.requests


def test_a_result_that_the_server_finds_too_large_is_streamed_and_remembered(
    server: FakeServer, client: gridgrad.Client
) -> None:
    server.unary = lambda _, context: refuse(context, TOO_LARGE)
    for _ in range(3):
        assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert (len(server.requests), len(server.entries)) == (1, 3)


def test_a_tuple_is_streamed_once_its_components_are_known(server: FakeServer, client: gridgrad.Client) -> None:
    inputs = {"t": np.arange(300.0), "k": np.arange(300.0)}  # 0.7 MB a plane: over 2 MiB from the fourth on
    client.gradient("t, k", inputs, order=0)
    client.gradient("t, k", inputs)
    client.gradient("t + k", inputs, order=0)
    assert (len(server.requests), len(server.entries)) == (2, 1)


def test_a_server_of_0_1_0_is_understood_by_its_english(server: FakeServer, client: gridgrad.Client) -> None:
    error = errors.TooLargeError("", "a result of 96 bytes", "call StreamGridGradients for it")
    server.unary = lambda _, context: refuse(context, error)
    assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert (len(server.requests), len(server.entries)) == (1, 1)


def test_another_too_large_is_not_tried_again(server: FakeServer, client: gridgrad.Client) -> None:
    server.unary = lambda _, context: refuse(context, errors.TooLargeError("cost", "10**18", "ask for less"))
    with pytest.raises(gridgrad.TooLargeError, match="ask for less"):
        client.gradient("t*k", AXES)
    assert (len(server.requests), len(server.entries)) == (1, 0)


def test_empty_dims_give_empty_arrays(client: gridgrad.Client) -> None:
    result = client.gradient("t*k", {"t": [], "k": [1.0, 2.0]})
    assert result.value.shape == result.d["t"].shape == (0, 2)


def test_metadata_goes_with_every_call(server: FakeServer) -> None:
    with gridgrad.Client(server.address, metadata={"Authorization": "token"}) as client:
        client.gradient("t*k", AXES)
        client.functions()
        list(client.stream([gridgrad.Request("t*k", AXES)]))
    assert [sent["authorization"] for sent in server.metadata] == ["token"] * 2


def test_a_client_tells_itself_from_others(server: FakeServer) -> None:
    for options in ((), (), [("grpc.primary_user_agent", "mine/1.0")]):
        with gridgrad.Client(server.address, options=options) as client:
            client.gradient("t*k", AXES)
            list(client.stream([gridgrad.Request("t*k", AXES)]))
    agents = [sent["user-agent"].split() for sent in server.metadata]
    ids = [agent[0].split("/") for agent in agents]
    assert {name for name, _ in ids} == {"gridgrad-client-id"}
    assert [number for _, number in ids[::2]] == [number for _, number in ids[1::2]]
    assert len({number for _, number in ids}) == 3
    assert "mine/1.0" in agents[-1]


# Failures


@pytest.mark.parametrize("reason", sorted(errors.REASONS.keys() - {"USE_STREAM"}))  # which is followed
def test_every_reason_is_one_exception(server: FakeServer, reason: str) -> None:
    sent = errors.REASONS[reason].error("field", "found", "remedy")
    server.unary = lambda _, context: refuse(context, sent, pushback_ms=-1)
    with gridgrad.Client(server.address, retries=0) as client, pytest.raises(gridgrad.GridgradError) as caught:
        client.gradient("t*k", AXES)
    assert type(caught.value) is type(sent)
    assert str(caught.value) == "field: found; remedy"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "mistake",
    [
        {"inputs": {"x": [[1, 2], [1]]}},
        {"inputs": {"x": [10**400]}},
        {"inputs": {"x": ["a"]}},
        {"inputs": {"x": 10**400}},
        {"derivatives": 3},
        {"wrt": 3},
        {"dtype": "int8"},
        {"coefficients": {"n": [[1, 2], [1]]}},
        {"timeout": "soon"},
    ],
    ids=str,
)
def test_mistakes_show_nothing_of_what_found_them(client: gridgrad.Client, mistake: dict[str, Any]) -> None:
    with pytest.raises(gridgrad.RequestError) as caught:
        client.gradient("x", **{"inputs": AXES, **mistake})
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize("reason", errors.REASONS)
def test_every_reason_of_a_streamed_result_too(server: FakeServer, reason: str) -> None:
    sent = errors.REASONS[reason].error("field", "found", "remedy")
    server.stream = lambda messages, _: (failed_entry(message, sent) for message in messages)
    with gridgrad.Client(server.address, retries=0) as client, pytest.raises(gridgrad.GridgradError) as caught:
        client.gradient("t*k", LARGE)
    assert type(caught.value) is type(sent)


def test_nobody_there_is_an_error_within_seconds() -> None:
    start_at = time.monotonic()
    with gridgrad.Client("127.0.0.1:1") as client, pytest.raises(gridgrad.UnavailableError) as caught:
        client.gradient("t*k", AXES)
    assert time.monotonic() - start_at < NEVER_S
    assert str(caught.value).startswith("no server answers at 127.0.0.1:1")
    assert "GRIDGRAD_SERVER" in caught.value.remedy


def test_a_name_that_is_no_host() -> None:
    nowhere = gridgrad.Client("no-such-host.invalid:1", retries=0)
    with nowhere as client, pytest.raises(gridgrad.UnavailableError, match=r"no-such-host.invalid:1"):
        client.gradient("t*k", AXES)


def test_a_server_of_something_else(server: FakeServer, client: gridgrad.Client) -> None:
    del server.plain[methods.LIST_FUNCTIONS.path]
    with pytest.raises(gridgrad.UnavailableError, match="does not speak this protocol"):
        client.functions()


def test_a_timeout_is_the_callers(server: FakeServer, client: gridgrad.Client) -> None:
    released = threading.Event()

    def slow(request: pb.GridGradientRequest, context: grpc.ServicerContext) -> bytes:
        released.wait(NEVER_S)
        return answer(request, context)

    server.unary = slow
    try:
        with pytest.raises(gridgrad.DeadlineError, match=r"no answer within 0.2 s"):
            client.gradient("t*k", AXES, timeout=0.2)
    finally:
        released.set()


def test_the_deadline_of_a_service_config_is_named_by_the_time_that_passed(server: FakeServer) -> None:
    released = threading.Event()

    def slow(request: pb.GridGradientRequest, context: grpc.ServicerContext) -> bytes:
        released.wait(NEVER_S)
        return answer(request, context)

    server.unary = slow
    limit: dict[str, object] = {"name": [{}], "timeout": "0.1s"}
    options = [("grpc.service_config", json.dumps({"methodConfig": [limit]}))]
    try:
        with (
            gridgrad.Client(server.address, options=options, sessions=False) as client,
            pytest.raises(gridgrad.DeadlineError, match=r"^no answer within 0.\d+ s; a service config"),
        ):
            client.gradient("t*k", AXES, timeout=60)
    finally:
        released.set()


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1"])
def test_a_timeout_must_be_positive(client: gridgrad.Client, timeout: Any) -> None:
    with pytest.raises(gridgrad.RequestError, match="timeout"):
        client.gradient("t*k", AXES, timeout=timeout)


def test_pushback_is_obeyed_and_then_tried_again(server: FakeServer, client: gridgrad.Client) -> None:
    server.unary = Times(2, lambda _, context: refuse(context, BUSY, pushback_ms=1), answer)
    assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert len(server.requests) == 3


def test_a_server_that_stays_busy_is_given_up(server: FakeServer) -> None:
    server.unary = lambda _, context: refuse(context, BUSY, pushback_ms=1)
    with gridgrad.Client(server.address, retries=2) as client, pytest.raises(gridgrad.BusyError):
        client.gradient("t*k", AXES)
    assert len(server.requests) == 3


def test_no_wait_beyond_the_timeout(server: FakeServer, client: gridgrad.Client) -> None:
    server.unary = lambda _, context: refuse(context, BUSY, pushback_ms=60_000)
    with pytest.raises(gridgrad.BusyError):
        client.gradient("t*k", AXES, timeout=10)
    assert len(server.requests) == 1


@pytest.mark.parametrize("inputs", [AXES, LARGE], ids=["unary", "stream"])
def test_unavailable_is_tried_again(server: FakeServer, client: gridgrad.Client, inputs: dict[str, Any]) -> None:
    draining = errors.UnavailableError("", "the server is stopping", "")
    server.unary = Times(1, lambda _, context: refuse(context, draining), server.unary)
    server.stream = Times(1, lambda _, context: refuse(context, draining), server.stream)
    assert client.gradient("t*k", inputs).value.shape == (len(inputs["t"]), len(inputs["k"]))
    assert len(server.metadata) == 2


def test_a_server_that_starts_is_waited_for_beyond_the_retries(server: FakeServer) -> None:
    starting = errors.StartingError("", "no worker is warm yet", "retry")
    server.unary = Times(3, lambda _, context: refuse(context, starting), server.unary)
    with gridgrad.Client(server.address, retries=1) as client:
        assert client.gradient("t*k", AXES).value.shape == (3, 2)
    assert len(server.metadata) == 4


AGAIN = {"UNAVAILABLE", "BUSY", "USE_STREAM", "STARTING", "FORGOTTEN_NUMBER"}


@pytest.mark.parametrize("reason", sorted(errors.REASONS.keys() - AGAIN))
def test_nothing_else_is_tried_again(server: FakeServer, client: gridgrad.Client, reason: str) -> None:
    server.unary = lambda _, context: refuse(context, errors.REASONS[reason].error("", "found", ""))
    with pytest.raises(errors.REASONS[reason].error):
        client.gradient("t*k", AXES)
    assert len(server.requests) == 1


def test_a_server_that_comes_back_is_found(server: FakeServer) -> None:
    with gridgrad.Client(server.address) as client:
        client.gradient("t*k", AXES)
        server.stop()
        again = FakeServer(address=server.address)
        try:
            assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
        finally:
            again.stop()


def test_bytes_that_are_no_message(server: FakeServer, client: gridgrad.Client) -> None:
    server.unary = lambda *_: b"\xff\xff\xff"
    with pytest.raises(gridgrad.InternalError, match="response"):
        client.gradient("t*k", AXES)


def test_a_buffer_that_does_not_fit_its_header(server: FakeServer, client: gridgrad.Client) -> None:
    server.unary = lambda request, context: answer(request, context)[:-8]
    with pytest.raises(gridgrad.InternalError, match="response"):
        client.gradient("t*k", AXES)


@pytest.mark.parametrize(
    "boxes",
    [[(0, 3, 0, 100)], [(0, 4, 0, 300_000)], [(0, 3, 1, 300_000)], [(-1, 1, 0, 1)]],
    ids=["short", "too many planes", "too far", "negative"],
)
def test_windows_that_do_not_fit(
    server: FakeServer, client: gridgrad.Client, boxes: list[tuple[int, int, int, int]]
) -> None:
    server.stream = lambda messages, _: (raw for message in messages for raw in windows(message, boxes))
    with pytest.raises(gridgrad.InternalError, match="response"):
        client.gradient("t*k", LARGE)


def test_a_stream_that_ends_early_is_tried_again(server: FakeServer, client: gridgrad.Client) -> None:
    server.stream = Times(1, lambda *_: iter(()), server.stream)
    assert client.gradient("t*k", LARGE).value.shape == (600, 500)


# The client itself


def test_a_closed_client_says_so(client: gridgrad.Client) -> None:
    client.close()
    client.close()
    with pytest.raises(gridgrad.CallCancelledError, match="closed"):
        client.gradient("t*k", AXES)
    assert "closed" in repr(client)


def test_closing_cancels_what_is_under_way(server: FakeServer, client: gridgrad.Client) -> None:
    started, released = threading.Event(), threading.Event()

    def slow(request: pb.GridGradientRequest, context: grpc.ServicerContext) -> bytes:
        started.set()
        released.wait(NEVER_S)
        return answer(request, context)

    server.unary = slow
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.gradient, "t*k", AXES)
        assert started.wait(NEVER_S)
        client.close()
        with pytest.raises(gridgrad.CallCancelledError):
            future.result(NEVER_S)
        released.set()


def test_a_forked_process_is_told_to_make_its_own(client: gridgrad.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(gridgrad.RequestError, match="forked"):
        client.gradient("t*k", AXES)


def test_64_threads_share_a_client(client: gridgrad.Client) -> None:
    def ask(number: int) -> bool:
        t = np.arange(number % 7 + 1.0) + number
        return np.array_equal(client.gradient("t*k", {"t": t, "k": [1.0, 2.0]}).value, np.add.outer(t, [1.0, 2.0]))

    with ThreadPoolExecutor(64) as pool:
        assert all(pool.map(ask, range(640)))


def test_functions(server: FakeServer, client: gridgrad.Client) -> None:
    inputs = [pb.FunctionInput(name="x"), pb.FunctionInput(name="T", default=0.0, unit="K")]
    listed = pb.RegisteredFunction(
        name="f", doc="What.", inputs=inputs, components=["u", "v"], tuple_valued=True, mode="forward", checked=True
    )
    server.plain[methods.LIST_FUNCTIONS.path] = lambda _: pb.ListFunctionsResponse(
        functions=[listed]
    ).SerializeToString()
    x, temperature = catalog.FunctionInput("x", None, ""), catalog.FunctionInput("T", 0.0, "K")
    assert client.functions() == (
        gridgrad.RegisteredFunction("f", "What.", (x, temperature), ("u", "v"), True, "forward", True),
    )


def test_server_info(server: FakeServer, client: gridgrad.Client) -> None:
    limits = pb.Limits(request_cost=1, message_bytes=2, unary_result_bytes=3, inputs=4, dims=5, derivatives=6, order=7)
    limits.scalars = 8
    language = [pb.LanguageFunction(name="log", signature="log(x)", formula="ln x", aliases=["ln"])]
    info = pb.GetServerInfoResponse(
        version="1",
        devices=["cpu"],
        limits=limits,
        language_functions=language,
        engine="functional",
        features=["b", "a"],
    )
    server.plain[methods.SERVER_INFO.path] = lambda _: info.SerializeToString()
    assert client.server_info() == gridgrad.ServerInfo(
        "1",
        ("cpu",),
        catalog.Limits(1, 2, 3, 4, 5, 6, 7, 8),
        (catalog.LanguageFunction("log", "log(x)", "ln x", ("ln",)),),
        "functional",
        frozenset({"a", "b"}),
    )


def test_waiting_until_the_server_is_ready(server: FakeServer, client: gridgrad.Client) -> None:
    server.plain[HEALTH] = Times(3, lambda _: b"\x08\x02", lambda _: b"\x08\x01")
    client.wait_ready()
    server.plain[HEALTH] = lambda _: b"\x08\x02"
    with pytest.raises(gridgrad.UnavailableError, match="no warm worker"):
        client.wait_ready(timeout=0.3)
    with pytest.raises((gridgrad.UnavailableError, gridgrad.DeadlineError)):
        client.wait_ready(timeout=1e-9)  # over before the look has begun


def test_the_fake_puts_planes_where_they_belong() -> None:
    axis = pb.Input(name="t", dims=["t"], linspace=pb.Linspace(start=1, stop=2, num=2))
    request = pb.GridGradientRequest(inputs=[axis], derivatives=[pb.Derivative(wrt=["t"])], dtype=pb.DTYPE_FLOAT64)
    assert_array_equal(planes_of(request), [[1, 2], [1001, 1002]])
