"""What `gridgrad.aio.Client` has to ask about functions and the server: checks, what is compiled, what there is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import Inputs
from gridgrad.checks import DEFAULT_POINTS
from gridgrad.requests.function_spec import Names, plan_message
from gridgrad.requests.request import FunctionLike, Request
from gridgrad.results.explanation import Explanation, Prepared, read_explanation, read_prepared
from gridgrad.results.result import Result
from gridgrad.results.server_info import RegisteredFunction, ServerInfo, read_functions, read_server_info
from gridgrad.results.server_status import ServerStatus, read_server_status
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.methods import EXPLAIN, LIST_FUNCTIONS, PREPARE, SERVER_INFO, SERVER_STATUS

if TYPE_CHECKING:
    from gridgrad.checks.report import CheckReport

__all__ = ["Introspection"]


class Introspection(ABC):
    """The part of a client that asks about functions and the server."""

    @abstractmethod
    async def _computed(self, request: Request, timeout: float | None) -> Result:
        """Computes one grid."""

    @abstractmethod
    async def _plain(
        self, path: str, timeout: float | None, *, retries: int | None = None, message: Message | None = None
    ) -> bytes:
        """The answer of a method that takes and gives one message."""

    async def check(
        self,
        function: FunctionLike,
        inputs: Inputs,
        *,
        wrt: str | Iterable[str] | None = None,
        order: int | None = None,
        derivatives: Iterable[DerivativeLike] | None = None,
        dtype: Any = None,
        coefficients: Coefficients | None = None,
        points: int = DEFAULT_POINTS,
        tolerance: float | None = None,
        seed: int = 0,
        timeout: float | None = None,
    ) -> CheckReport:
        """Compares derivatives with finite differences; see `gridgrad.Client.check`."""
        from gridgrad.checks.check import checking  # with it the parser, which other calls do not need

        request = Request(function, inputs, wrt, order, derivatives, dtype, coefficients=coefficients)
        steps = checking(request, points=points, tolerance=tolerance, seed=seed)
        result = None
        while True:
            try:
                asked = steps.send(result) if result else next(steps)
            except StopIteration as done:
                report: CheckReport = done.value
                return report
            result = await self._computed(asked, timeout)

    async def prepare(
        self,
        function: FunctionLike,
        inputs: Inputs | Names,
        *,
        wrt: str | Iterable[str] | None = None,
        order: int | None = None,
        derivatives: Iterable[DerivativeLike] | None = None,
        dtype: Any = None,
        timeout: float | None = None,
        coefficients: Coefficients | None = None,
    ) -> Prepared:
        """Has an expression compiled at the server; see `gridgrad.Client.prepare`."""
        plan = plan_message(function, inputs, wrt, order, derivatives, dtype, coefficients)
        return read_prepared(await self._plain(PREPARE.path, timeout, message=pb.PrepareRequest(plan=plan)))

    async def explain(
        self,
        function: FunctionLike,
        inputs: Inputs | Names,
        *,
        wrt: str | Iterable[str] | None = None,
        order: int | None = None,
        derivatives: Iterable[DerivativeLike] | None = None,
        dtype: Any = None,
        timeout: float | None = None,
        coefficients: Coefficients | None = None,
    ) -> Explanation:
        """Says how an expression is computed; see `gridgrad.Client.explain`."""
        plan = plan_message(function, inputs, wrt, order, derivatives, dtype, coefficients)
        return read_explanation(await self._plain(EXPLAIN.path, timeout, message=pb.ExplainRequest(plan=plan)))

    async def functions(self, *, timeout: float | None = None) -> tuple[RegisteredFunction, ...]:
        """Lists the functions registered at the server, by name; see `gridgrad.Client.functions`."""
        return read_functions(await self._plain(LIST_FUNCTIONS.path, timeout))

    async def server_info(self, *, timeout: float | None = None) -> ServerInfo:
        """Describes the server; see `gridgrad.Client.server_info`."""
        return read_server_info(await self._plain(SERVER_INFO.path, timeout))

    async def server_status(self, *, timeout: float | None = None) -> ServerStatus:
        """Tells how the server is doing; see `gridgrad.Client.server_status`."""
        return read_server_status(await self._plain(SERVER_STATUS.path, timeout))
