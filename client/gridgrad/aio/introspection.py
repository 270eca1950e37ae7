"""What `Client` has to ask of functions and the server: checks, what is compiled, what there is, when it is ready.

What reads an answer is imported when it is asked for: most programs never ask, and a command starts for each call.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import Inputs
from gridgrad.checks import DEFAULT_POINTS
from gridgrad.protocol.options import HEALTH_METHOD, HEALTH_POLL_S, LEAST_LOOK_S, ConnectionSettings, check_serving
from gridgrad.protocol.retry import Attempts
from gridgrad.requests.request import FunctionLike, Request
from gridgrad.results.result import Result
from gridgrad_core.errors import RequestError, UnavailableError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.methods import DRAIN, EXPLAIN, LIST_FUNCTIONS, PREPARE, SERVER_INFO, SERVER_STATUS

if TYPE_CHECKING:
    from gridgrad.checks.report import CheckReport
    from gridgrad.requests.function_spec import Names
    from gridgrad.results.explanation import Explanation, Prepared
    from gridgrad.results.server_info import RegisteredFunction, ServerInfo
    from gridgrad.results.server_status import ServerStatus

__all__ = ["Introspection"]


class Introspection(ABC):
    """The part of a client that asks about functions and the server.

    Attributes:
        _settings: where it connects to, and how.
    """

    _settings: ConnectionSettings

    @property
    @abstractmethod
    def addresses(self) -> tuple[str, ...]:
        """Its servers."""

    @abstractmethod
    def _attempts(self, timeout: float | None, retries: int | None = None) -> Attempts:
        """The attempts at a call that begins."""

    @abstractmethod
    async def _computed(self, request: Request, timeout: float | None) -> Result:
        """Computes one grid."""

    @abstractmethod
    async def _plain(
        self, path: str, timeout: float | None, *, retries: int | None = None, message: Message | None = None
    ) -> bytes:
        """The answer of a method that takes and gives one message."""

    @abstractmethod
    async def _about(self, plan: pb.Plan, path: str, timeout: float | None) -> list[bytes]:
        """The answers to a plan: of all servers to Prepare, of one to Explain."""

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
        """Compares the served value and derivatives with finite differences, at some points of the grid.

        The grid is computed as by `gradient`. With mpmath (the extra `check`) an expression, a Python function or a
        sympy expression is then evaluated with 50 digits on both sides of each point; without it, and for registered
        functions, the differences are those of served values of one order less, extrapolated to step 0. A point
        where the two sides disagree, such as a kink or the edge of the domain, says nothing and is left out.

        Args:
            function, inputs, wrt, order, derivatives, dtype, coefficients: as for `gradient`.
            points: at how many points, drawn from the grid.
            tolerance: by how much served numbers may differ, relative to what they should be, and where that
                vanishes to a millionth of the largest among the points; by default 1e-6, and 1e-3 for float32.
                The bound of the differences' own error is added.
            seed: of the random numbers that choose the points.
            timeout: seconds for each call, of which there is one more for each input when values are served;
                None for the client's own.

        Returns:
            What was compared, and what disagrees: `report.ok`, `report.disagreements`, `str(report)`.

        Raises:
            GridgradError: as for `gradient`.
        """
        from gridgrad.checks.check import checking

        request = Request(function, inputs, wrt, order, derivatives, dtype, coefficients=coefficients)
        steps = checking(request, points=points, tolerance=tolerance, seed=seed)
        result = None
        while True:
            try:
                request = steps.send(result) if result else next(steps)
            except StopIteration as done:
                report: CheckReport = done.value
                return report
            result = await self._computed(request, timeout)

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
        """Has an expression compiled at the server, and returns when that is done or it is known that it can't be.

        Of several servers it is done at each, one after another.

        Requests for the same function, names and dims of inputs, derivatives and dtype are then computed by compiled
        code, whatever their shapes and values. They are served all along, without it.

        Args:
            function: an expression, or a Python function or sympy expression as for `gradient`.
            inputs: as for `gradient`, of which only names, dims and dtypes count; or just names: ["t", ("K", ())]
                are an axis and a number, and ("T", "option"), ("u", ("i", "j")) have those dims.
            wrt: as for `gradient`.
            order: as for `gradient`.
            derivatives: as for `gradient`.
            dtype: as for `gradient`; float64 for just names.
            timeout: seconds to wait; None for the client's own. Then the compiling goes on.
            coefficients: as for `gradient`; only their names and shapes count.

        Returns:
            What requests are computed in from now on, and why if that is not compiled code; of several servers what
            the first says that has none.

        Raises:
            RequestError: something in it is wrong, or the function is registered at the server.
            DeadlineError: it is not done yet.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        from gridgrad.requests.function_spec import plan_message
        from gridgrad.results.explanation import read_prepared

        plan = plan_message(function, inputs, wrt, order, derivatives, dtype, coefficients)
        said = await self._about(plan, PREPARE.path, timeout)
        answers = [read_prepared(raw) for raw in said]
        return next((each for each in answers if each.tier != "compiled"), answers[0])

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
        """Says how an expression is computed: `print` shows it.

        Args:
            function: as for `prepare`.
            inputs: as for `prepare`.
            wrt: as for `gradient`.
            order: as for `gradient`.
            derivatives: as for `gradient`.
            dtype: as for `prepare`.
            timeout: seconds; None for the client's own.
            coefficients: as for `prepare`.

        Returns:
            Its program and derivatives as text, how many operations run on which dims, and what computes it now.

        Raises:
            RequestError: something in it is wrong, or the function is registered at the server.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        from gridgrad.requests.function_spec import plan_message, remarks_on
        from gridgrad.results.explanation import read_explanation

        plan = plan_message(function, inputs, wrt, order, derivatives, dtype, coefficients)
        (raw,) = await self._about(plan, EXPLAIN.path, timeout)
        return read_explanation(raw, remarks_on(plan))

    async def functions(self, *, timeout: float | None = None) -> tuple[RegisteredFunction, ...]:
        """Lists the functions registered at the server.

        Args:
            timeout: seconds; None for the client's own.

        Returns:
            One for each, sorted by name, with its inputs, their units and defaults.

        Raises:
            GridgradError: `gridgrad.errors` draws the tree.
        """
        from gridgrad.results.server_info import read_functions

        return read_functions(await self._plain(LIST_FUNCTIONS.path, timeout))

    async def server_info(self, *, timeout: float | None = None) -> ServerInfo:
        """Describes the server.

        Args:
            timeout: seconds; None for the client's own.

        Returns:
            Its version, devices and limits, and the functions of the language.

        Raises:
            GridgradError: `gridgrad.errors` draws the tree.
        """
        from gridgrad.results.server_info import read_server_info

        return read_server_info(await self._plain(SERVER_INFO.path, timeout))

    async def server_status(self, *, timeout: float | None = None) -> ServerStatus:
        """Tells how the server is doing: what waits, what its workers do, and what it has computed.

        Unless it exports metrics, the server begins to count at the first of these calls.

        Args:
            timeout: seconds; None for the client's own.

        Returns:
            Its status. The counts in it grow: rates are the differences between two.

        Raises:
            GridgradError: `gridgrad.errors` draws the tree.
        """
        from gridgrad.results.server_status import read_server_status

        return read_server_status(await self._plain(SERVER_STATUS.path, timeout))

    async def drain(self, *, timeout: float | None = None) -> int:
        """Tells the server to end as at SIGTERM: it takes nothing new, and answers what it has accepted first.

        The caller needs a token of role `admin`. The call returns at once.

        Args:
            timeout: seconds; None for the client's own.

        Returns:
            How many calls and entries it has yet to answer.

        Raises:
            RequestError: the client has several servers.
            ForbiddenError: the caller's role does not allow it, or the server asks for no credentials.
            GridgradError: `gridgrad.errors` draws the tree.
        """
        if len(self.addresses) > 1:
            found = f"this client has {len(self.addresses)} servers"
            raise RequestError("server", found, f"drain one at a time: Client({self.addresses[0]!r}).drain()")
        raw = await self._plain(DRAIN.path, timeout, message=pb.DrainRequest())
        return pb.DrainResponse.FromString(raw).entries

    async def wait_ready(self, *, timeout: float | None = None) -> None:
        """Returns when the server is there and has a warm worker.

        Args:
            timeout: seconds; None for the client's own.

        Raises:
            UnavailableError: it is not there, or not ready, when the time is over.
        """
        attempts = self._attempts(timeout)
        while True:
            left_s = attempts.left_s()
            look_s = None if left_s is None else max(left_s, LEAST_LOOK_S)
            try:
                check_serving(await self._plain(HEALTH_METHOD, look_s, retries=0), self._settings.target)
            except UnavailableError:
                left_s = attempts.left_s()
                if left_s is not None and left_s <= HEALTH_POLL_S:
                    raise
                await asyncio.sleep(HEALTH_POLL_S)
            else:
                return
