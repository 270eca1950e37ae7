"""The operations of a registered function, recorded: a graph of torch's aten operations on numbers.

What is recorded must be all that the function does. So it is called with tensors that have no numbers, which refuse an
`if` on their values and `.numpy()`, and twice, since what is drawn or counted outside of torch differs from call to
call. What a torch.autograd.Function says of its own derivatives is lost in a graph, and so is torch.no_grad: these are
refused.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import Any

import torch
from torch.fx import GraphModule
from torch.overrides import TorchFunctionMode

from gridgrad_worker.registered.bind import bind
from gridgrad_worker.registered.registration import Registration

__all__ = ["UntraceableError", "graph_of"]

_LONGEST = 300


class UntraceableError(Exception):
    """A function is no program of the language; the message says what in it is none."""


def graph_of(registered: Registration, dtype: torch.dtype = torch.float64) -> GraphModule:
    """What a function computes at a point, as a graph.

    Its placeholders are the inputs in order, tensors of no dims; its nodes are aten operations as torch differentiates
    them, not decomposed further; its output is a tuple of the components. Numbers and tensors that the function has of
    its own are constants of the graph or attributes of the module.

    Args:
        registered: the function.
        dtype: of the inputs.

    Raises:
        UntraceableError: it does what a graph has not.
    """
    first, second = _recorded(registered, dtype), _recorded(registered, dtype)
    if first.code != second.code:
        raise UntraceableError("its operations differ from call to call")
    return first


def _recorded(registered: Registration, dtype: torch.dtype) -> GraphModule:
    from torch.fx.experimental.proxy_tensor import make_fx  # takes a second of a worker that has functions to trace

    names = [each.name for each in registered.inputs]
    function = bind(registered, names, dtype, torch.device("cpu"))
    arguments = [torch.zeros((), dtype=dtype) for _ in names]
    try:
        with torch.enable_grad(), _silence(), _no_own_derivatives(), _Watch():
            graph = make_fx(function, tracing_mode="fake", _allow_non_fake_inputs=True)(*arguments)
    except UntraceableError:
        raise
    except Exception as error:  # whatever the function raises, and torch about tensors that have no numbers
        raise UntraceableError(_why(error)) from error
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def _why(error: Exception) -> str:
    if "DataDependent" in type(error).__name__ or "data-dependent" in str(error):
        return "it looks at the numbers of a tensor, as an if, float() or .item() does"
    return f"when it is traced, {type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST]


class _Watch(TorchFunctionMode):
    """Refuses what is computed without derivatives."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Calls one operation.

        Raises:
            UntraceableError: torch.no_grad is around it.
        """
        if not torch.is_grad_enabled():
            raise UntraceableError("it computes under torch.no_grad, which a graph does not say")
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keeps torch from logging what is raised here too."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before


@contextlib.contextmanager
def _no_own_derivatives() -> Iterator[None]:
    """Refuses calls of autograd functions, however they were bound: of what these say only the value is recorded."""
    code = torch.autograd.Function.apply.__func__.__code__  # type: ignore[attr-defined] # it is a class method
    before = sys.getprofile()

    def watch(frame: FrameType, event: str, argument: object) -> None:  # noqa: ARG001 - Python's signature
        if event == "call" and frame.f_code is code:
            name = frame.f_locals["cls"].__qualname__
            raise UntraceableError(f"{name} is a torch.autograd.Function, whose own derivatives a graph has not")

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)
