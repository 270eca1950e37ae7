"""What gRPC raises and what entries of a stream end with, made into the errors of Gridgrad.

The one place where foreign exceptions are mapped. A failure also says whether trying again may help.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import grpc
from google.protobuf.message import DecodeError

from gridgrad.servers.lookup import NamesUnknown
from gridgrad_core.errors import (
    REASONS,
    BusyError,
    CallCancelledError,
    DeadlineError,
    ForgottenNumberError,
    GridgradError,
    InternalError,
    RefusedError,
    StartingError,
    TooLargeError,
    UnavailableError,
    UseStreamError,
)
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_core.wire.enums import STATUS_NAMES
from gridgrad_core.wire.error_details import ERROR_TRAILER, PUSHBACK_TRAILER, from_detail

__all__ = ["FOREIGN", "EntryFailed", "Failure", "StreamEnded", "closed", "is_forgotten", "of", "wants_stream"]

# What the status says when no detail does: the first reason of each code in the table
_CODES: dict[int, grpc.StatusCode] = {number: grpc.StatusCode[name] for number, name in enumerate(STATUS_NAMES)}
_FALLBACKS = {_CODES[reason.code]: reason.error for reason in reversed(REASONS.values())}


class EntryFailed(Exception):  # noqa: N818 - never leaves the client: `of` makes it an error
    """An entry of a stream ended with a status.

    Args:
        status: what it ended with.
    """

    def __init__(self, status: pb.Status) -> None:
        super().__init__(status.message)
        self.status = status


class Failure(NamedTuple):
    """How a call or an entry failed.

    Args:
        error: what the caller gets to see.
        cause: what it was made from; None where the server said all, and a traceback of gRPC's would say no more.
        transient: whether the same request may succeed when it is sent again.
        pushback_s: seconds that the server asks to wait before that.
    """

    error: GridgradError
    cause: Exception | None
    transient: bool
    pushback_s: float | None = None

    @property
    def is_unheard(self) -> bool:
        """Whether no server has said a word."""
        return self.cause is not None and isinstance(self.error, UnavailableError)


class _Time(NamedTuple):
    """How long a call was allowed to take, and how long it took; None where that is not known."""

    timeout_s: float | None
    passed_s: float | None


class StreamEnded(Exception):  # noqa: N818 - never leaves the client: `of` makes it an error
    """The server ended a stream before it had answered all entries."""


_GIVE_TLS = "give Client(credentials=grpc.ssl_channel_credentials(...)), or --tls or --tls-ca to a command"
_NEARLY = 0.9  # of the timeout: gRPC counts by another clock
_CANCELLED_BY_SERVER = "CANCELLED"  # the whole text; what is cancelled here has a sentence
_LOST_UNDER_A_WRITE = "Internal error from Core"  # what old grpcio says when a stream ended meanwhile

FOREIGN = (grpc.RpcError, EntryFailed, StreamEnded, NamesUnknown)
"""What calls raise that `of` maps."""


def of(raised: Exception, target: str, timeout_s: float | None, passed_s: float | None = None) -> Failure:
    """Maps what a call raised.

    Args:
        raised: one of FOREIGN.
        target: where the call went.
        timeout_s: how long it was allowed to take, or None.
        passed_s: how long it took; None where that is not known.

    Returns:
        The error to raise from it, and whether to try again.
    """
    if isinstance(raised, StreamEnded):
        found = f"{target} ended the stream with requests unanswered"
        return Failure(UnavailableError("", found, "send them again"), raised, transient=True)
    if isinstance(raised, NamesUnknown):
        found = f"no server of {target} has an address ({raised})"
        return Failure(UnavailableError("", found, "correct the names, or see to the DNS"), raised, transient=True)
    if isinstance(raised, EntryFailed):
        status = raised.status
        code, text = _CODES.get(status.code, grpc.StatusCode.UNKNOWN), status.message
        detail = status.detail if status.HasField("detail") else None
        trailer = str(status.pushback_ms) if status.pushback_ms else None
    else:
        call: Any = raised  # every RpcError that a call raises is also its grpc.Call
        code, text = call.code(), call.details() or ""
        trailers = dict(_pairs(call.trailing_metadata()))
        detail, trailer = _detail(trailers.get(ERROR_TRAILER)), trailers.get(PUSHBACK_TRAILER)
    said = from_detail(detail) if detail else None
    error = said or _by_code(code, text, target, _Time(timeout_s, passed_s))
    pushback_s = _pushback_s(trailer)
    return Failure(error, None if said else raised, _is_transient(code, error, trailer, pushback_s), pushback_s)


def closed() -> GridgradError:
    """The error of a call through a client that is closed."""
    return CallCancelledError("client", "it is closed", "make another, or close it after the last call")


def wants_stream(error: GridgradError) -> bool:
    """Whether it says that the result is too large for one message, and only for that."""
    if isinstance(error, UseStreamError):
        return True
    # Servers of 0.1.0 have no reason for it: there the English alone says so
    return isinstance(error, TooLargeError) and methods.STREAM_GRID_GRADIENTS.name in error.remedy


def is_forgotten(raised: Exception) -> bool:
    """Whether a call failed, as one of FOREIGN says, since the server has forgotten what its number stands for."""
    return isinstance(of(raised, "", None).error, ForgottenNumberError)


def _is_transient(code: grpc.StatusCode, error: GridgradError, trailer: object, pushback_s: float | None) -> bool:
    if isinstance(error, BusyError):
        return trailer is None or pushback_s is not None  # a negative pushback says: do not try again
    ended = code in (grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL) and isinstance(error, UnavailableError)
    return code is grpc.StatusCode.UNAVAILABLE or ended or pushback_s is not None


def _pairs(metadata: Iterable[Any] | None) -> Iterable[tuple[str, Any]]:
    return [(pair[0], pair[1]) for pair in metadata or ()]


def _detail(raw: bytes | None) -> pb.ErrorDetail | None:
    try:
        return pb.ErrorDetail.FromString(raw) if raw else None
    except DecodeError:
        return None  # the code alone will have to do


def _pushback_s(text: object) -> float | None:
    try:
        milliseconds = int(str(text))
    except ValueError:
        return None
    return milliseconds / 1e3 if milliseconds >= 0 else None


def _by_code(code: grpc.StatusCode, text: str, target: str, time: _Time) -> GridgradError:
    match code:
        case grpc.StatusCode.UNAVAILABLE:
            return _unavailable(text, target)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return _late(time)
        case grpc.StatusCode.CANCELLED:
            return _cancelled(text, target)
        case grpc.StatusCode.INTERNAL if text.startswith(_LOST_UNDER_A_WRITE):
            return UnavailableError("", f"the connection with {target} was lost ({text})", "call again")
        case grpc.StatusCode.UNIMPLEMENTED:
            found = f"what answers at {target} does not speak this protocol ({text})"
            return UnavailableError("", found, "give the address of a Gridgrad server no older than this client")
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
            remedy = "give Client(token=...), credentials or metadata that it accepts"
            return RefusedError("", f"{target} refused the call: {text}", remedy)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return _exhausted(text)
    found = f"{code.name}: {text}"
    error = _FALLBACKS.get(code)
    return error("", found, "") if error else InternalError("", found, "please report it")


def _late(time: _Time) -> DeadlineError:
    limit_s, passed_s = time.timeout_s, time.passed_s
    if passed_s is not None and (limit_s is None or passed_s < _NEARLY * limit_s):
        remedy = "a service config or a proxy sets this limit, not timeout=: allow more there, or ask for less"
        return DeadlineError("", f"no answer within {passed_s:.3g} s", remedy)
    limit = "the time allowed" if limit_s is None else f"{limit_s:.3g} s"
    return DeadlineError("timeout", f"no answer within {limit}", "allow more with timeout=, or ask for less")


def _cancelled(text: str, target: str) -> GridgradError:
    if text == _CANCELLED_BY_SERVER:
        return UnavailableError("", f"{target} ended the call unanswered, as a server that stops may", "call again")
    return CallCancelledError("", text or "the call was cancelled", "")


def _unavailable(text: str, target: str) -> GridgradError:
    reason = text.rpartition(": ")[2] or "no reason given"
    if text.endswith("backend unhealthy"):  # gRPC's words where health is asked for
        found = f"those of {target} that can be reached have no warm worker, or are stopping"
        return StartingError("", found, "wait, or see the servers' logs")
    if re.search("ssl|certificate|(?<!tcp )handshaker", text, re.IGNORECASE):
        tls = re.search(r"OPENSSL_internal:(\w+)", text)
        remedy = f"{_GIVE_TLS} if it serves TLS, none if it does not"
        return UnavailableError("", f"no secure connection with {target} ({tls[1] if tls else reason})", remedy)
    if not re.search("[Ff]ailed to connect|resolution failed|errors resolving", text):
        return UnavailableError("", f"the connection with {target} was lost ({reason})", "call again")
    if "closed" in reason:
        return UnavailableError("", f"{target} hung up at once ({reason})", f"if it serves TLS, {_GIVE_TLS}")
    remedy = "start one with gridgrad-server, or set GRIDGRAD_SERVER or Client(address) to where one listens"
    return UnavailableError("", f"no server answers at {target} ({reason})", remedy)


def _exhausted(text: str) -> GridgradError:
    if "larger than max" in text:  # gRPC's own refusal, before our server saw it
        return TooLargeError("request", text, "send less at a time, or start the server with a larger --message-bytes")
    return BusyError("", text, "call again later")
