"""The Gridgrad worker: the process that owns one device and computes on it.

For authors of functions it offers `function`, the decorator that registers one:

    from gridgrad_worker import function

    @function
    def bilinear(t, k=1.0):
        return t * k + 2 * t * k**2

Everything here is loaded when it is first used: the command line loads no more than its own.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridgrad_worker.registered.registration import FunctionError as FunctionError
    from gridgrad_worker.registered.registry import function as function

__all__ = ["FunctionError", "function"]

_MODULES = {"FunctionError": "registration", "function": "registry"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'gridgrad_worker' has no attribute {name!r}; it has {', '.join(__all__)}")
    module = importlib.import_module(f"gridgrad_worker.registered.{_MODULES[name]}")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
