"""Foreign exceptions and statuses, each made into one of ours in one place."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

import gridgrad
from gridgrad.protocol import error_mapping as failures
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.error_details import ERROR_TRAILER, to_detail

REFUSED = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: connect: Connection refused (111)"
NOT_CONNECTED = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: tcp handshaker shutdown"
HANDSHAKE = (
    "failed to connect to all addresses; last error: UNKNOWN: Ssl handshake failed: SSL_ERROR_SSL: WRONG_VERSION"
)
HUNG_UP = "failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:1: Socket closed"
TOO_LONG = "Received message larger than max (10 vs. 5)"


class Raised(grpc.RpcError):
    """What a call of grpcio raises."""

    def __init__(self, code: grpc.StatusCode, text: str = "", trailers: dict[str, Any] | None = None) -> None:
        super().__init__()
        self._answers = code, text, tuple((trailers or {}).items())

    def code(self) -> grpc.StatusCode:
        return self._answers[0]

    def details(self) -> str:
        return self._answers[1]

    def trailing_metadata(self) -> Any:
        return self._answers[2] or None


def failure_of(code: grpc.StatusCode, text: str = "", trailers: dict[str, Any] | None = None) -> failures.Failure:
    return failures.of(Raised(code, text, trailers), "there:1", 2.5)


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_status_has_an_error_of_ours(code: grpc.StatusCode) -> None:
    failure = failure_of(code, "what it says")
    assert isinstance(failure.error, gridgrad.GridgradError)
    assert isinstance(failure.cause, Raised)
    assert failure.transient == (code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED))


@pytest.mark.parametrize(
    ("code", "text", "error", "said"),
    [
        (
            "UNAVAILABLE",
            REFUSED,
            gridgrad.UnavailableError,
            r"no server answers at there:1 \(Connection refused \(111\)\); start one",
        ),
        ("UNAVAILABLE", "DNS resolution failed for there:1", gridgrad.UnavailableError, "no server answers at there:1"),
        ("UNAVAILABLE", HUNG_UP, gridgrad.UnavailableError, r"there:1 hung up at once .*ssl_channel_credentials"),
        ("UNAVAILABLE", NOT_CONNECTED, gridgrad.UnavailableError, "^no server answers at"),
        ("UNAVAILABLE", HANDSHAKE, gridgrad.UnavailableError, r"no secure connection .*ssl_channel_credentials"),
        ("UNAVAILABLE", "Socket closed", gridgrad.UnavailableError, "connection with there:1 was lost"),
        (
            "UNAVAILABLE",
            "recvmsg:Connection reset by peer",
            gridgrad.UnavailableError,
            "connection with there:1 was lost",
        ),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", gridgrad.DeadlineError, "no answer within 2.5 s"),
        ("CANCELLED", "Locally cancelled by application!", gridgrad.CallCancelledError, "cancelled"),
        ("CANCELLED", "CANCELLED", gridgrad.UnavailableError, "there:1 ended the call unanswered.*call again"),
        ("UNIMPLEMENTED", "", gridgrad.UnavailableError, "does not speak this protocol"),
        ("UNAUTHENTICATED", "who?", gridgrad.RefusedError, "who.*credentials"),
        ("PERMISSION_DENIED", "no", gridgrad.RefusedError, "credentials"),
        ("RESOURCE_EXHAUSTED", TOO_LONG, gridgrad.TooLargeError, "--message-bytes"),
        ("RESOURCE_EXHAUSTED", "quota", gridgrad.BusyError, "quota"),
        ("INVALID_ARGUMENT", "bad", gridgrad.RequestError, "bad"),
        ("NOT_FOUND", "none", gridgrad.UnknownFunctionError, "none"),
        ("ABORTED", "died", gridgrad.CrashError, "died"),
        ("INTERNAL", "oops", gridgrad.InternalError, "oops"),
        ("INTERNAL", "Internal error from Core", gridgrad.UnavailableError, "connection with there:1 was lost"),
        ("UNKNOWN", "oops", gridgrad.InternalError, "UNKNOWN: oops.*report"),
        ("DATA_LOSS", "oops", gridgrad.InternalError, "DATA_LOSS"),
    ],
)
def test_a_status_without_a_detail(code: str, text: str, error: type[Exception], said: str) -> None:
    failure = failure_of(grpc.StatusCode[code], text)
    assert type(failure.error) is error
    with pytest.raises(error, match=said):
        raise failure.error


@pytest.mark.parametrize("timeout_s", [60.0, None])
def test_a_limit_that_was_not_the_callers_has_the_time_that_passed(timeout_s: float | None) -> None:
    raised = failure_of(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded").cause
    assert raised
    failure = failures.of(raised, "there:1", timeout_s, 0.02)
    assert str(failure.error).startswith("no answer within 0.02 s; a service config or a proxy sets this limit")
    assert "within 60 s; allow more with timeout=" in str(failures.of(raised, "there:1", 60.0, 59.99).error)


def test_what_a_server_that_stops_leaves_is_sent_again_and_what_the_caller_cancels_is_not() -> None:
    assert failure_of(grpc.StatusCode.CANCELLED, "CANCELLED").transient
    assert failure_of(grpc.StatusCode.INTERNAL, "Internal error from Core").transient
    assert not failure_of(grpc.StatusCode.CANCELLED, "Locally cancelled by application!").transient


def test_a_detail_decides_and_one_that_is_damaged_does_not() -> None:
    detail = to_detail(errors.ExpressionError("function.expression", "'^'", "write t**2")).SerializeToString()
    assert str(failure_of(grpc.StatusCode.INVALID_ARGUMENT, "x", {ERROR_TRAILER: detail}).error) == (
        "function.expression: '^'; write t**2"
    )
    unknown = pb.ErrorDetail(reason=pb.ERROR_REASON_UNSPECIFIED, found="?").SerializeToString()
    for other in (b"\xff\xff", unknown):
        failure = failure_of(grpc.StatusCode.INVALID_ARGUMENT, "x", {ERROR_TRAILER: other})
        assert type(failure.error) is gridgrad.RequestError


@pytest.mark.parametrize(
    ("pushback", "transient", "wait_s"),
    [(None, True, None), ("250", True, 0.25), ("0", True, 0.0), ("-1", False, None), ("soon", False, None)],
)
def test_pushback_of_a_busy_server(pushback: str | None, transient: bool, wait_s: float | None) -> None:
    trailers = {} if pushback is None else {"grpc-retry-pushback-ms": pushback}
    failure = failure_of(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", trailers)
    assert (failure.transient, failure.pushback_s) == (transient, wait_s)


@pytest.mark.parametrize(("milliseconds", "wait_s"), [(0, None), (1500, 1.5)])
def test_pushback_of_an_entry(milliseconds: int, wait_s: float | None) -> None:
    busy = errors.BusyError("", "full", "later")
    status = pb.Status(code=8, message="full", detail=to_detail(busy), pushback_ms=milliseconds)
    failure = failures.of(failures.EntryFailed(status), "there:1", None)
    assert (failure.transient, failure.pushback_s) == (True, wait_s)


def test_a_stream_that_ended_is_the_servers() -> None:
    failure = failures.of(failures.StreamEnded(), "there:1", None)
    assert isinstance(failure.error, gridgrad.UnavailableError)
    assert failure.transient


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (errors.UseStreamError("", "a result of 9 bytes", "another wording"), True),
        # As a server of 0.1.0 says it
        (errors.TooLargeError("", "a result of 9 bytes", "call StreamGridGradients for it"), True),
        (errors.TooLargeError("", "StreamGridGradients of 9 bytes", "ask for less"), False),
        (errors.TooLargeError("inputs", "10**18 points", "ask for less"), False),
        (errors.RequestError("", "what you sent", "call StreamGridGradients for it"), False),
    ],
)
def test_what_is_too_large_for_one_message_alone_goes_by_a_stream(error: errors.GridgradError, wanted: bool) -> None:
    trailers = {ERROR_TRAILER: to_detail(error).SerializeToString()}
    failure = failure_of(grpc.StatusCode.RESOURCE_EXHAUSTED, "too large", trailers)
    assert failures.wants_stream(failure.error) is wanted
    assert not failure.transient


# Attempts
