"""What a worker knows of plans, and what it is asked about them beside the batches.

A question is followed by a ping with its number, which comes back when the worker is done with it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TypeAlias

from gridgrad_core.errors import UnavailableError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.function_key import Plan
from gridgrad_server.scheduling.worker_errors import error_of

__all__ = ["MOST_PLANS", "Questions"]

MOST_PLANS = 256

_Answer: TypeAlias = "asyncio.Future[wpb.Explanation]"


class _Known:
    """What is known of a plan that the worker has met."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.is_asked = False  # to have it compiled
        self.state: wpb.PlanState | None = None


class Questions:
    """Asks one worker.

    Args:
        send: sends it a message.
    """

    def __init__(self, send: Callable[[wpb.ServerMessage], None]) -> None:
        self._send = send
        self._plans: OrderedDict[int, _Known] = OrderedDict()
        self._numbers = itertools.count(1)
        self._open: OrderedDict[int, Plan] = OrderedDict()
        self._answers: deque[_Answer] = deque()

    def __bool__(self) -> bool:
        return bool(self._open)

    def meet(self, plan: Plan) -> tuple[bool, list[int]]:
        """Whether the worker meets a plan for the first time now, and which plans it may drop for it."""
        is_new = plan.number not in self._plans
        if is_new:
            self._plans[plan.number] = _Known(plan)
        self._plans.move_to_end(plan.number)
        return is_new, [self._plans.popitem(last=False)[0]] if len(self._plans) > MOST_PLANS else []

    def state(self, plan: Plan) -> wpb.PlanState | None:
        """What the worker has said of a plan last; None if it has said nothing."""
        known = self._plans.get(plan.number)
        return known.state if known else None

    def counts(self) -> tuple[int, int]:
        """How many plans it knows, and of how many it has compiled code."""
        compiled = sum(known.state is not None and known.state.compiled == "ready" for known in self._plans.values())
        return len(self._plans), compiled

    def prepare(self, plan: Plan) -> wpb.PlanState | None:
        """Has it make compiled code of a plan, unless it was asked before; what it has said of it since."""
        known = self._plans.get(plan.number)
        if known is None or not known.is_asked:
            self._ask(plan, wpb.ServerMessage(prepare=self._request(plan)))
            self._plans[plan.number].is_asked = True
        return self.state(plan)

    async def explain(self, plan: Plan) -> wpb.Explanation:
        """What it computes for a plan.

        Raises:
            GridgradError: why it does not say.
        """
        answer: _Answer = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._ask(plan, wpb.ServerMessage(explain=self._request(plan)))
        explanation = await answer
        error = error_of(explanation.failure)
        if error:
            raise error
        return explanation

    def _request(self, plan: Plan) -> wpb.PlanRequest:
        is_new, forget = self.meet(plan)
        return wpb.PlanRequest(plan_id=plan.number, plan=plan.message if is_new else None, forget_plans=forget)

    def _ask(self, plan: Plan, message: wpb.ServerMessage) -> None:
        number = next(self._numbers)
        self._open[number] = plan
        self._send(message)
        self._send(wpb.ServerMessage(ping=wpb.Ping(question=number)))

    def answered(self, pong: wpb.Pong) -> None:
        """Takes in that it is done with a question, if the pong is of one."""
        self._open.pop(pong.question, None)

    def told(self, state: wpb.PlanState) -> Plan | None:
        """Takes in what it says of a plan, and returns which that is."""
        known = self._plans.get(state.plan_id)
        if known is None:
            return None
        known.state = state
        return known.plan

    def explained(self, explanation: wpb.Explanation) -> None:
        """Takes in an explanation; they come in the order in which they were asked for."""
        answer = self._answers.popleft()
        if not answer.done():
            answer.set_result(explanation)

    def lost(self) -> Plan | None:
        """Gives up, since the worker is lost; the plan that it was asked about, if it was."""
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(UnavailableError("", "the worker that was asked has died", "send it again"))
        return next(iter(self._open.values()), None)
