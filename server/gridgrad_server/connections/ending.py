"""Ending calls whose answer nobody takes.

A handler can end its call as long as it runs. Once its answer is with gRPC, only the caller can: gRPC keeps the call
and the answer until it is read, and `grpc.aio` has no way to give it up. It does so when nothing in this process holds
the call any more, so the tasks that hold it are cancelled: that of the handler, and one that waits for the caller to
close. The latter is found by what it holds, since `grpc.aio` names it nowhere; should it not be found, the handler's is
cancelled all the same, and what the call holds in the server comes back. What is left of the call then are circles of
objects, which are collected at once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Mapping
from typing import Any

import grpc

__all__ = ["Context", "end_calls", "log_no_gone_callers"]

Context = grpc.aio.ServicerContext[Any, Any]

_STATE, _KEEPER = "RPCState", "_schedule_rpc_coro"
_ENDED_WITHIN_S = 0.1
_NOT_SENT = "ExecuteBatchError raised in core by servicer method"


def end_calls(calls: Mapping[Context, asyncio.Task[Any]]) -> None:
    """Ends calls by force.

    Args:
        calls: the context of each, with the task of its handler.
    """
    states = [held for context in calls for held in gc.get_referents(_bare(context)) if _is_state(held)]
    numbers = set(map(id, states))
    for task in asyncio.all_tasks():
        if _is_keeper(task) and any(id(held) in numbers for held in _held_by(task)):
            task.cancel()
    for task in calls.values():
        task.cancel()
    asyncio.get_running_loop().call_later(_ENDED_WITHIN_S, gc.collect)


def log_no_gone_callers() -> None:
    """Leaves out of the log that an answer could not be sent, which gRPC takes for an error with a traceback.

    Its caller has cancelled the call, or had a deadline, just when the answer was made.
    """
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_of_somebody)


def _is_of_somebody(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_NOT_SENT)


def _bare(context: Context) -> object:
    """A context as gRPC made it, without what traces wrap it in."""
    return getattr(context, "__wrapped__", context)


def _is_state(held: object) -> bool:
    return type(held).__name__ == _STATE


def _is_keeper(task: asyncio.Task[Any]) -> bool:
    return getattr(task.get_coro(), "__name__", "") == _KEEPER


def _held_by(task: asyncio.Task[Any]) -> list[object]:
    """The states of calls that the coroutine of a task holds."""
    near = gc.get_referents(task.get_coro())
    return [held for each in near for held in (each, *gc.get_referents(each)) if _is_state(held)]
