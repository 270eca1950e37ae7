"""The errors of Gridgrad: one tree, each with one status code on the wire.

GridgradError
├── RequestError (ValueError)                the caller's: something in the request is wrong
│   ├── ExpressionError                      the expression is not one; says where and what to write
│   ├── TracingError (TypeError)             a Python function does what can't be traced; never on the wire
│   ├── UnknownFunctionError (LookupError)   no function of that name is registered
│   ├── ForgottenNumberError                 what a number stood for is forgotten; `Client` then sends the whole
│   ├── UnsupportedError                     the server is older than what was asked of it
│   ├── ForgottenArrayError                  an array named by its SHA-256 is not kept; `Client` then sends its numbers
│   └── TooLargeError                        over a limit of this server; retrying can't help
│       └── UseStreamError                   over that of one message alone; `Client` then asks by a stream
├── NotPreparedError (RuntimeError)          compiled code was asked for, and there is none
├── BusyError (ConnectionError)              the server's queue is full; retry later
├── DeadlineError (TimeoutError)             the caller's timeout passed first
├── UnavailableError (ConnectionError)       no server there, draining, or without a worker
│   └── StartingError                        no worker is warm yet; `Client` waits for one within its timeout
├── RefusedError (PermissionError)           credentials are missing or not accepted
│   └── ForbiddenError                       they are good, and do not allow this call
├── CallCancelledError                       the caller gave the call up
├── CrashError (RuntimeError)                the request has cost two workers their lives
├── MissingExtraError (ImportError)          an optional package is not installed here
└── InternalError (RuntimeError)             a defect of Gridgrad, or of something between

`REASONS` is the one table of reasons, status codes and exceptions.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

__all__ = [
    "REASONS",
    "BusyError",
    "CallCancelledError",
    "CrashError",
    "DeadlineError",
    "ExpressionError",
    "ForbiddenError",
    "ForgottenArrayError",
    "ForgottenNumberError",
    "GridgradError",
    "InternalError",
    "MissingExtraError",
    "NotPreparedError",
    "Reason",
    "RefusedError",
    "RequestError",
    "StartingError",
    "TooLargeError",
    "TracingError",
    "UnavailableError",
    "UnknownFunctionError",
    "UnsupportedError",
    "UseStreamError",
]


class GridgradError(Exception):
    """Whatever Gridgrad raises.

    Args:
        field: what is at fault, such as "inputs[1].dims"; may be empty.
        found: what was found there.
        remedy: what to write or do instead; may be empty.
    """

    reason: ClassVar[str]
    request: Any = None
    """Which of the requests of `Client.stream` failed, a `gridgrad.Request`; None for any other call."""

    def __init__(self, field: str, found: str, remedy: str = "") -> None:
        super().__init__(field, found, remedy)
        self.field = field
        self.found = found
        self.remedy = remedy

    def __str__(self) -> str:
        return "; ".join(part for part in (": ".join(p for p in (self.field, self.found) if p), self.remedy) if part)


class RequestError(GridgradError, ValueError):
    """Something in the request is wrong. The caller's fault: change what `field` names."""

    reason = "REQUEST"


class ExpressionError(RequestError):
    """The expression is not one. The caller's fault; the message says where and what to write."""

    reason = "EXPRESSION"


class TracingError(RequestError, TypeError):
    """A Python function does what can't be traced. The caller's fault; the message says where and what to write."""


class UnknownFunctionError(RequestError, LookupError):
    """No function of that name is registered. The caller's fault, or a missing --functions."""

    reason = "UNKNOWN_FUNCTION"


class ForgottenNumberError(RequestError):
    """A server does not know what a number stood for. `Client` then sends the whole, so no caller of it sees this."""

    reason = "FORGOTTEN_NUMBER"


class UnsupportedError(RequestError):
    """The server does not know what was asked of it: it is older than this client. Update it, or do without."""

    reason = "UNSUPPORTED"


class ForgottenArrayError(RequestError):
    """An array is named that the server does not keep. `Client` then sends its numbers, and no caller sees this."""

    reason = "FORGOTTEN_ARRAY"


class TooLargeError(RequestError):
    """The request is over a limit of this server. Retrying can't help: ask for less at a time."""

    reason = "TOO_LARGE"


class UseStreamError(TooLargeError):
    """The result is too large for one message. `Client` asks again by a stream, so no caller of it sees this."""

    reason = "USE_STREAM"


class NotPreparedError(GridgradError, RuntimeError):
    """tier="compiled" was asked for where there is no compiled code. Call `Client.prepare` first."""

    reason = "NOT_PREPARED"


class BusyError(GridgradError, ConnectionError):
    """The server's queue is full, or the caller has as much as it may: retry later, or give it more workers."""

    reason = "BUSY"
    pushback_s: float | None = None
    """Seconds after which the server asks to retry; None where it names none."""


class DeadlineError(GridgradError, TimeoutError):
    """The caller's timeout passed before the result was there."""

    reason = "DEADLINE"


class UnavailableError(GridgradError, ConnectionError):
    """No server answered, or it is draining or has no worker. The operator's to mend."""

    reason = "UNAVAILABLE"


class StartingError(UnavailableError):
    """The server is starting, and has no warm worker yet. `Client` waits for one, as long as its timeout allows."""

    reason = "STARTING"


class RefusedError(GridgradError, PermissionError):
    """The server does not accept the caller's credentials, or needs some. Give `Client(token=...)` or a certificate."""

    reason = "REFUSED"


class ForbiddenError(RefusedError):
    """The caller's credentials are good, and their role does not allow this call. The operator's to change."""

    reason = "FORBIDDEN"


class CallCancelledError(GridgradError):
    """The caller gave the call up."""

    reason = "CANCELLED"


class CrashError(GridgradError, RuntimeError):
    """The request has cost two workers their lives and is not tried again."""

    reason = "CRASH"


class MissingExtraError(GridgradError, ImportError):
    """An optional package is not installed here; the message names the extra that brings it."""

    reason = "MISSING_EXTRA"


class InternalError(GridgradError, RuntimeError):
    """A defect of Gridgrad, or of something between client and server. Please report it."""

    reason = "INTERNAL"


class Reason(NamedTuple):
    """How a reason travels.

    Args:
        number: in ErrorReason.
        code: the gRPC status code.
        error: the exception.
        taken_for: the reason that is sent for clients of 0.1.0, which do not know this one; it has the same code.
    """

    number: int
    code: int
    error: type[GridgradError]
    taken_for: str = ""


# gRPC status codes by number, so that the worker can load this without grpc:
# https://grpc.github.io/grpc/core/md_doc_statuscodes.html
REASONS: dict[str, Reason] = {
    "REQUEST": Reason(1, 3, RequestError),
    "EXPRESSION": Reason(2, 3, ExpressionError),
    "TOO_LARGE": Reason(3, 8, TooLargeError),
    "UNKNOWN_FUNCTION": Reason(4, 5, UnknownFunctionError),
    "BUSY": Reason(5, 8, BusyError),
    "DEADLINE": Reason(6, 4, DeadlineError),
    "UNAVAILABLE": Reason(7, 14, UnavailableError),
    "CRASH": Reason(8, 10, CrashError),
    "INTERNAL": Reason(9, 13, InternalError),
    "CANCELLED": Reason(10, 1, CallCancelledError),
    "NOT_PREPARED": Reason(11, 9, NotPreparedError),
    "USE_STREAM": Reason(12, 8, UseStreamError, taken_for="TOO_LARGE"),
    "STARTING": Reason(13, 14, StartingError, taken_for="UNAVAILABLE"),
    "REFUSED": Reason(14, 16, RefusedError),
    "FORBIDDEN": Reason(15, 7, ForbiddenError),
    "UNSUPPORTED": Reason(16, 3, UnsupportedError, taken_for="REQUEST"),
    "FORGOTTEN_NUMBER": Reason(18, 3, ForgottenNumberError, taken_for="REQUEST"),
    "FORGOTTEN_ARRAY": Reason(17, 3, ForgottenArrayError, taken_for="REQUEST"),
}
