"""What a worker knows of programs, and the introspection calls that are made to it beside the batches.

Each call is followed by a ping with its number, which comes back when the worker is done with it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TypeAlias

from gridgrad_core.errors import UnavailableError
from gridgrad_core.shared_cache import SharedCache
from gridgrad_core.wire.failures import error_of
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.function_key import FunctionKey

__all__ = ["MOST_KNOWN", "ProgramStates"]

MOST_KNOWN = 256
"""How many functions a worker knows, where tables count too; which it is told to forget, `SharedCache` says."""

_PendingExplanation: TypeAlias = "asyncio.Future[wpb.Explanation]"


class _Known:
    """What is known of a function that the worker has met."""

    def __init__(self, function: FunctionKey) -> None:
        self.function = function
        self.is_prepared = False  # whether it was asked to compile it
        self.state: wpb.PlanState | None = None


class ProgramStates:
    """The functions that one worker knows, by number.

    Args:
        send: sends the worker a message.
        asked: is told the number of each question before it is sent.
    """

    def __init__(self, send: Callable[[wpb.ServerMessage], None], asked: Callable[[int], None]) -> None:
        self._send = send
        self._asked = asked
        self._known: SharedCache[int, _Known] = SharedCache(MOST_KNOWN, lambda known: known.function.weight)
        self._numbers = itertools.count(1)
        self._open: OrderedDict[int, FunctionKey] = OrderedDict()
        self._explanations: deque[_PendingExplanation] = deque()

    def introduce(self, function: FunctionKey) -> tuple[bool, list[int]]:
        """Whether the worker meets a function for the first time now, and which functions it may drop for it."""
        if self._known.get(function.number, function.caller):
            return False, []
        return True, self._known.put(function.number, _Known(function), function.caller)

    def state(self, function: FunctionKey) -> wpb.PlanState | None:
        """What the worker has said of a function last; None if it has said nothing."""
        known = self._known.peek(function.number)
        return known.state if known else None

    def counts(self) -> tuple[int, int]:
        """How many functions it knows, and of how many it has compiled code."""
        compiled = sum(known.state is not None and known.state.compiled == "ready" for known in self._known.values())
        return len(self._known), compiled

    def prepare(self, function: FunctionKey, *, again: bool = False) -> wpb.PlanState | None:
        """Has it make compiled code of a function, unless it was asked before; what it has said of it since.

        Args:
            function: an expression.
            again: whether it is asked once more where something that passes was in the way.
        """
        known = self._known.get(function.number, function.caller)
        if again and known is not None and known.state is not None and known.state.compiled == "later":
            known.is_prepared, known.state = False, None
        if known is None or not known.is_prepared:
            self._call(function, wpb.ServerMessage(prepare=self._request(function)))
            if known := self._known.peek(function.number):
                known.is_prepared = True
        return self.state(function)

    async def explain(self, function: FunctionKey) -> wpb.Explanation:
        """What it computes for a function.

        Raises:
            GridgradError: why it does not say.
        """
        pending: _PendingExplanation = asyncio.get_running_loop().create_future()
        self._explanations.append(pending)
        self._call(function, wpb.ServerMessage(explain=self._request(function)))
        explanation = await pending
        error = error_of(explanation.failure)
        if error:
            raise error
        return explanation

    def _request(self, function: FunctionKey) -> wpb.PlanRequest:
        is_new, forget = self.introduce(function)
        plan = function.message if is_new else None
        return wpb.PlanRequest(plan_id=function.number, plan=plan, forget_plans=forget)

    def _call(self, function: FunctionKey, message: wpb.ServerMessage) -> None:
        self._send(message)
        self.question(function)

    def question(self, function: FunctionKey) -> None:
        """Has it say when it is done with what was sent last, which is about a function."""
        number = next(self._numbers)
        self._open[number] = function
        self._asked(number)
        self._send(wpb.ServerMessage(ping=wpb.Ping(question=number)))

    def pong_received(self, pong: wpb.Pong) -> None:
        """Takes in that it is done with a call, if the pong is of one."""
        self._open.pop(pong.question, None)

    def state_received(self, state: wpb.PlanState) -> FunctionKey | None:
        """Takes in what it says of a function, and returns which that is."""
        known = self._known.peek(state.plan_id)
        if known is None:
            return None
        known.state = state
        return known.function

    def explanation_received(self, explanation: wpb.Explanation) -> None:
        """Takes in an explanation; they come in the order in which they were asked for."""
        pending = self._explanations.popleft()
        if not pending.done():
            pending.set_result(explanation)

    def lost(self) -> FunctionKey | None:
        """Gives up, since the worker is lost; the function that it was asked about, if it was."""
        for pending in self._explanations:
            if not pending.done():
                pending.set_exception(UnavailableError("", "the worker that was asked has died", "send it again"))
        return next(iter(self._open.values()), None)
