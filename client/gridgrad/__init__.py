"""Gridgrad: a function and its exact partial derivatives on grids.

Everything here is loaded when it is first used, so that what needs only a part (the worker
takes the language, without grpc) loads no more than that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridgrad import aio as aio
    from gridgrad import testing as testing
    from gridgrad._version import __version__ as __version__
    from gridgrad.calls import Registered as Registered
    from gridgrad.calls import Request as Request
    from gridgrad.calls import registered as registered
    from gridgrad.catalog import RegisteredFunction as RegisteredFunction
    from gridgrad.catalog import ServerInfo as ServerInfo
    from gridgrad.checks.report import CheckReport as CheckReport
    from gridgrad.checks.report import Disagreement as Disagreement
    from gridgrad.client import Client as Client
    from gridgrad.errors import BusyError as BusyError
    from gridgrad.errors import CallCancelledError as CallCancelledError
    from gridgrad.errors import CrashError as CrashError
    from gridgrad.errors import DeadlineError as DeadlineError
    from gridgrad.errors import ExpressionError as ExpressionError
    from gridgrad.errors import GridgradError as GridgradError
    from gridgrad.errors import InternalError as InternalError
    from gridgrad.errors import MissingExtraError as MissingExtraError
    from gridgrad.errors import NotPreparedError as NotPreparedError
    from gridgrad.errors import RefusedError as RefusedError
    from gridgrad.errors import RequestError as RequestError
    from gridgrad.errors import TooLargeError as TooLargeError
    from gridgrad.errors import TracingError as TracingError
    from gridgrad.errors import UnavailableError as UnavailableError
    from gridgrad.errors import UnknownFunctionError as UnknownFunctionError
    from gridgrad.explained import Explanation as Explanation
    from gridgrad.explained import Prepared as Prepared
    from gridgrad.info import Info as Info
    from gridgrad.lang.parser import parse as parse
    from gridgrad.lang.program import Program as Program
    from gridgrad.result import Result as Result
    from gridgrad.spacing import Linspace as Linspace
    from gridgrad.spacing import linspace as linspace
    from gridgrad.status import ServerStatus as ServerStatus
    from gridgrad.status import WorkerStatus as WorkerStatus
    from gridgrad.tracing.function import TracedFunction as TracedFunction
    from gridgrad.tracing.function import function as function
    from gridgrad.tracing.function import trace as trace

# Where each name is defined
_HOMES = {
    "BusyError": "errors",
    "CallCancelledError": "errors",
    "CheckReport": "checks.report",
    "Client": "client",
    "CrashError": "errors",
    "DeadlineError": "errors",
    "Disagreement": "checks.report",
    "ExpressionError": "errors",
    "Explanation": "explained",
    "GridgradError": "errors",
    "Info": "info",
    "InternalError": "errors",
    "Linspace": "spacing",
    "MissingExtraError": "errors",
    "NotPreparedError": "errors",
    "Prepared": "explained",
    "Program": "lang.program",
    "RefusedError": "errors",
    "Registered": "calls",
    "RegisteredFunction": "catalog",
    "Request": "calls",
    "RequestError": "errors",
    "Result": "result",
    "ServerInfo": "catalog",
    "ServerStatus": "status",
    "TooLargeError": "errors",
    "TracedFunction": "tracing.function",
    "TracingError": "errors",
    "UnavailableError": "errors",
    "UnknownFunctionError": "errors",
    "WorkerStatus": "status",
    "__version__": "_version",
    "function": "tracing.function",
    "linspace": "spacing",
    "parse": "lang.parser",
    "registered": "calls",
    "trace": "tracing.function",
}
_MODULES = {"aio", "testing"}

__all__ = sorted(_HOMES.keys() | _MODULES)


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"gridgrad.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gridgrad' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"gridgrad.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
