"""Gridgrad: a function and its exact partial derivatives on grids.

Everything here is loaded when it is first used, so that what needs only a part (the worker
takes the language, without grpc) loads no more than that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridgrad._version import __version__ as __version__
    from gridgrad.errors import BusyError as BusyError
    from gridgrad.errors import CallCancelledError as CallCancelledError
    from gridgrad.errors import CrashError as CrashError
    from gridgrad.errors import DeadlineError as DeadlineError
    from gridgrad.errors import ExpressionError as ExpressionError
    from gridgrad.errors import GridgradError as GridgradError
    from gridgrad.errors import InternalError as InternalError
    from gridgrad.errors import RefusedError as RefusedError
    from gridgrad.errors import RequestError as RequestError
    from gridgrad.errors import TooLargeError as TooLargeError
    from gridgrad.errors import UnavailableError as UnavailableError
    from gridgrad.errors import UnknownFunctionError as UnknownFunctionError
    from gridgrad.lang.parser import parse as parse
    from gridgrad.lang.program import Program as Program

_HOMES = {
    "BusyError": "errors",
    "CallCancelledError": "errors",
    "CrashError": "errors",
    "DeadlineError": "errors",
    "ExpressionError": "errors",
    "GridgradError": "errors",
    "InternalError": "errors",
    "Program": "lang.program",
    "RefusedError": "errors",
    "RequestError": "errors",
    "TooLargeError": "errors",
    "UnavailableError": "errors",
    "UnknownFunctionError": "errors",
    "__version__": "_version",
    "parse": "lang.parser",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - one table; a test walks it


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gridgrad' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"gridgrad.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
