"""Gridgrad: a function and its exact partial derivatives on grids.

Each name is imported when it is first used: `import gridgrad` alone loads neither grpc nor numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridgrad import aio as aio
    from gridgrad import fluids as fluids
    from gridgrad import formats as formats
    from gridgrad import testing as testing
    from gridgrad.arguments.linspace import Linspace as Linspace
    from gridgrad.arguments.linspace import linspace as linspace
    from gridgrad.arguments.lookup_table import LookupTable as LookupTable
    from gridgrad.arguments.lookup_table import table as table
    from gridgrad.checks.report import CheckReport as CheckReport
    from gridgrad.checks.report import Disagreement as Disagreement
    from gridgrad.requests.least_squares_terms import LeastSquaresTerms as LeastSquaresTerms
    from gridgrad.requests.request import Registered as Registered
    from gridgrad.requests.request import Request as Request
    from gridgrad.requests.request import registered as registered
    from gridgrad.results.explanation import Explanation as Explanation
    from gridgrad.results.explanation import Prepared as Prepared
    from gridgrad.results.info import Info as Info
    from gridgrad.results.result import Result as Result
    from gridgrad.results.server_info import RegisteredFunction as RegisteredFunction
    from gridgrad.results.server_info import ServerInfo as ServerInfo
    from gridgrad.results.server_status import ServerStatus as ServerStatus
    from gridgrad.results.server_status import WorkerStatus as WorkerStatus
    from gridgrad.sync.bound import BoundCall as BoundCall
    from gridgrad.sync.client import Client as Client
    from gridgrad.tracing.decorator import TracedFunction as TracedFunction
    from gridgrad.tracing.decorator import function as function
    from gridgrad.tracing.decorator import trace as trace
    from gridgrad.tracing.local_calls import integrate as integrate
    from gridgrad.tracing.local_calls import piecewise as piecewise
    from gridgrad.tracing.local_calls import prod as prod
    from gridgrad.tracing.local_calls import solve as solve
    from gridgrad.tracing.local_calls import sum as sum  # noqa: A004 - the name in the language
    from gridgrad.tracing.value_derivative import diff as diff
    from gridgrad_core.errors import BusyError as BusyError
    from gridgrad_core.errors import CallCancelledError as CallCancelledError
    from gridgrad_core.errors import CrashError as CrashError
    from gridgrad_core.errors import DeadlineError as DeadlineError
    from gridgrad_core.errors import ExpressionError as ExpressionError
    from gridgrad_core.errors import GridgradError as GridgradError
    from gridgrad_core.errors import InternalError as InternalError
    from gridgrad_core.errors import MissingExtraError as MissingExtraError
    from gridgrad_core.errors import NotPreparedError as NotPreparedError
    from gridgrad_core.errors import RefusedError as RefusedError
    from gridgrad_core.errors import RequestError as RequestError
    from gridgrad_core.errors import TooLargeError as TooLargeError
    from gridgrad_core.errors import TracingError as TracingError
    from gridgrad_core.errors import UnavailableError as UnavailableError
    from gridgrad_core.errors import UnknownFunctionError as UnknownFunctionError
    from gridgrad_core.lang.parser.parser import parse as parse
    from gridgrad_core.lang.program.program import Program as Program
    from gridgrad_core.version import __version__ as __version__

# Where each name is defined
_HOMES = {
    "BoundCall": "gridgrad.sync.bound",
    "BusyError": "gridgrad_core.errors",
    "CallCancelledError": "gridgrad_core.errors",
    "CheckReport": "gridgrad.checks.report",
    "Client": "gridgrad.sync.client",
    "CrashError": "gridgrad_core.errors",
    "DeadlineError": "gridgrad_core.errors",
    "Disagreement": "gridgrad.checks.report",
    "Explanation": "gridgrad.results.explanation",
    "ExpressionError": "gridgrad_core.errors",
    "GridgradError": "gridgrad_core.errors",
    "Info": "gridgrad.results.info",
    "InternalError": "gridgrad_core.errors",
    "Linspace": "gridgrad.arguments.linspace",
    "LeastSquaresTerms": "gridgrad.requests.least_squares_terms",
    "LookupTable": "gridgrad.arguments.lookup_table",
    "MissingExtraError": "gridgrad_core.errors",
    "NotPreparedError": "gridgrad_core.errors",
    "Prepared": "gridgrad.results.explanation",
    "Program": "gridgrad_core.lang.program.program",
    "RefusedError": "gridgrad_core.errors",
    "Registered": "gridgrad.requests.request",
    "RegisteredFunction": "gridgrad.results.server_info",
    "Request": "gridgrad.requests.request",
    "RequestError": "gridgrad_core.errors",
    "Result": "gridgrad.results.result",
    "ServerInfo": "gridgrad.results.server_info",
    "ServerStatus": "gridgrad.results.server_status",
    "TooLargeError": "gridgrad_core.errors",
    "TracedFunction": "gridgrad.tracing.decorator",
    "TracingError": "gridgrad_core.errors",
    "UnavailableError": "gridgrad_core.errors",
    "UnknownFunctionError": "gridgrad_core.errors",
    "WorkerStatus": "gridgrad.results.server_status",
    "__version__": "gridgrad_core.version",
    "diff": "gridgrad.tracing.value_derivative",
    "function": "gridgrad.tracing.decorator",
    "integrate": "gridgrad.tracing.local_calls",
    "linspace": "gridgrad.arguments.linspace",
    "parse": "gridgrad_core.lang.parser.parser",
    "piecewise": "gridgrad.tracing.local_calls",
    "prod": "gridgrad.tracing.local_calls",
    "registered": "gridgrad.requests.request",
    "solve": "gridgrad.tracing.local_calls",
    "sum": "gridgrad.tracing.local_calls",
    "table": "gridgrad.arguments.lookup_table",
    "trace": "gridgrad.tracing.decorator",
}
_MODULES = {"aio", "fluids", "formats", "testing"}

__all__ = sorted(_HOMES.keys() | _MODULES)


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"gridgrad.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gridgrad' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
