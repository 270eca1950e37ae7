# Written by `make sync` from gridgrad/aio/client.py; change that one.
"""The client."""

from __future__ import annotations

import functools
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc
from google.protobuf.message import Message

from gridgrad.arguments.bearer_token import Token
from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import FloatArray, Inputs
from gridgrad.arguments.lookup_table import LARGE_BYTES
from gridgrad.arguments.units import Units
from gridgrad.progress import Progress, shown
from gridgrad.protocol import error_mapping
from gridgrad.protocol.options import (
    Default,
    Metadata,
    arguments_of,
    check_process,
    settings_of,
)
from gridgrad.protocol.response_cache import read_unary
from gridgrad.protocol.retry import Attempts, timeout_of
from gridgrad.protocol.routing import Routes
from gridgrad.requests.prepare import PreparedCall, features_of, prepare, prepare_with_other_points
from gridgrad.requests.reduction import Reduce
from gridgrad.requests.request import FunctionLike, Request, Tier, Unused
from gridgrad.requests.sent_arrays import LARGE_INPUT_BYTES
from gridgrad.results.result import Result, with_integral_error
from gridgrad.servers.addresses import Address
from gridgrad.sync.bound import Binding
from gridgrad.sync.channel import ServerChannels, ServiceChannel
from gridgrad.sync.grids import ManyGrids
from gridgrad.sync.introspection import Introspection
from gridgrad.sync.pool import SessionPool
from gridgrad.sync.primitives import Owned
from gridgrad.sync.sums import Sums
from gridgrad.sync.windows import LargeGrids
from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.methods import PREPARE
from gridgrad_core.wire.parse import parse

if TYPE_CHECKING:
    from gridgrad.pullbacks.many_numbers import ManyNumbers
    from gridgrad.pullbacks.many_values import ManyValues

__all__ = ["Client"]

T = TypeVar("T")


class Client(ManyGrids, LargeGrids, Binding, Introspection, Sums):
    """A connection to a server. Threads may share one.

    A process forked from this one makes its own after the fork; using this one there is an error. Fork while no call is
    under way: gRPC can't be forked in the middle of one.

    Args:
        address: host:port or unix:/path; several servers as "a:50051,b:50051", as a list, or as dns:///name:port, which
            calls are spread over; by default the environment's GRIDGRAD_SERVER, else localhost:50051.
        credentials: for TLS, such as grpc.ssl_channel_credentials(...); None for a connection in the clear; by default
            what GRIDGRAD_TLS=1, GRIDGRAD_TLS_CA, GRIDGRAD_TLS_CERT and GRIDGRAD_TLS_KEY say, unix sockets apart.
        metadata: names and values to go with every call.
        timeout: seconds for a call that gives none of its own; None for no limit; by default the environment's
            GRIDGRAD_TIMEOUT, else 60.
        retries: how many attempts may follow a first that found the server unavailable or busy. All of them
            count against the timeout. By default the environment's GRIDGRAD_RETRIES, else 5, which span about 3 s when
            nobody answers. A server that says it is starting is waited for within the timeout.
        proxy: whether to use the HTTP proxy that the environment names.
        sessions: whether to go by a session where the server is on this machine and offers one; GRIDGRAD_SESSIONS=0
            in the environment switches them off too.
        options: further channel options of gRPC.
        server_name: the name that certificates of the servers have to have; by default the environment's
            GRIDGRAD_TLS_SERVER_NAME, else the host of the address, of a list the first.
        token: what servers ask for that know their callers, or a function that returns one and is called before each
            call, where tokens change; by default the environment's GRIDGRAD_TOKEN, None for none.
        token_in_clear: whether the token may go to another host without TLS, where anyone on the way can read it.

    Raises:
        RequestError: an argument that can't be meant, or a token that would go to another host in the clear.
    """

    def __init__(
        self,
        address: Address | None = None,
        *,
        credentials: grpc.ChannelCredentials | Default | None = "default",
        metadata: Metadata | None = None,
        timeout: float | Default | None = "default",
        retries: int | Default = "default",
        proxy: bool = False,
        sessions: bool = True,
        options: Iterable[tuple[str, Any]] = (),
        server_name: str | None = None,
        token: Token | None = "default",  # noqa: S107 - stands for what the environment says
        token_in_clear: bool = False,
    ) -> None:
        self._settings = settings_of(
            address,
            credentials=credentials,
            metadata=metadata,
            timeout=timeout,
            retries=retries,
            proxy=proxy,
            sessions=sessions,
            options=options,
            server_name=server_name,
            token=token,
            token_in_clear=token_in_clear,
        )
        self._routes = Routes()
        self._process_id = os.getpid()
        self._closed = False
        self._channels = Owned(functools.partial(ServerChannels, self._settings))

    @property
    def address(self) -> str:
        """Where it connects to; several servers with commas between them."""
        return self._settings.target

    @property
    def addresses(self) -> tuple[str, ...]:
        """The address of each server, for a client of that one alone; dns:///name is one of them."""
        return self._settings.servers.listed

    def gradient(
        self,
        function: FunctionLike,
        inputs: Inputs,
        *,
        wrt: str | Iterable[str] | None = None,
        order: int | None = None,
        derivatives: Iterable[DerivativeLike] | None = None,
        dtype: Any = None,
        timeout: float | None = None,
        out: FloatArray | None = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        unused: Unused = "refuse",
        units: Units | None = None,
        reduce: Reduce | None = None,
        weights: Any = None,
        progress: bool | Progress | None = None,
        integral_error: bool = False,
        warm_start: Mapping[str, str] | None = None,
    ) -> Result:
        """Computes a function and its partial derivatives on a grid.

        The grid may be of any size: a large one comes in parts, which are put together in place.

        Args:
            function: an expression such as "t*k + 2*t*k**2", a Python function written with numpy such as
                `lambda t, k: t*np.sin(k)`, a sympy expression, or `gridgrad.registered(name)`.
            inputs: names to values, in the order of the grid's dims: a list or 1-D array is an axis, a number a
                parameter; ("dim", array), (("i", "j"), array) and xarray's DataArray have those dims;
                `gridgrad.linspace(a, b, n)` is an axis that travels as three numbers. A tuple of names stands for the
                columns of an array: {("x", "y", "z"): positions} for positions of shape (n, 3) is three inputs in step.
            wrt: the input or inputs that `order` counts partials of; by default those that are no numbers.
            order: all partials up to this order, 0 (the value alone) to 4; 1 if nothing is said.
            derivatives: the partials wanted, instead of `order`: ["t", ("t", "k")].
            dtype: "float32" or "float64", computed in and returned; by default float32 if every array given
                is, else float64.
            timeout: seconds, retries included; infinity for no limit; None for the client's own.
            out: a C-contiguous array [1 + derivatives, (components,) *grid] of that dtype to put the result
                into, which is then writable; also a numpy.memmap, for what is larger than memory.
            coefficients: names to arrays, such as {"n": n}: the function takes each as an array of that shape, a
                text or sympy expression as the scalars n_0, n_1, ... Derivatives by "n" have the dims of n in
                front: [len(n), (components,) *grid]. They count as numbers: `wrt` names them.
            progress: True shows a bar (the extra `progress`); a callback is called with the points that have come so
                far and the points of the grid, now and then while they come and at the end. It begins anew where the
                call does: where a connection broke, and what had come can't stay.
            tier: "direct" or "compiled" to have it computed so and not otherwise, since their last digits differ.
            unused: "ignore" allows inputs that are numbers and that the function does not use, as where one set of
                them serves several functions; derivatives by these are 0. By default what is not used is refused.
            units: names of inputs and components to their units, {"T": "K", "p": "Pa"}: text that archives, xarray,
                figures and the result's own text keep, and never converted. A partial's is "Pa / K". Those of a
                registered function come with its results.
            reduce: what is made of the grid instead of sending it: {"k": "sum"}, {"t": "mean", "k": "mean"}, or a
                kind for all dims; "sum", "mean", "min", "max", "argmin", "argmax", "norm" or "count_nonfinite". It is
                made of the value and of each derivative by itself, and the result has the dims that stay. Positions
                and counts are int64; a position among several dims counts in C order.
            weights: for a sum, a mean or a norm what each point counts: an array with those dims, an expression such
                as "exp(-k)", "trapezoid" for the axis's own spacing, or {"k": ...} for each dim, whose product counts.
                Weights are constants to derivatives.
            integral_error: True asks for all of it a second time, with twice as many points for each integral of an
                expression, and `result.info.integral_error` says by how much it moves.
            warm_start: names of inputs that are guesses of `solve`, to an axis: {"start": "p"} computes the places of p
                one after the other, a call each, and each begins where the one before has ended, on its branch. What
                was found is the function's first component, or as many as there are guesses. It can't go with
                `integral_error`, `reduce` and `out`.

        Returns:
            The value and the derivatives, each an array of the grid's shape, read-only without `out`.

        Raises:
            RequestError: something in the request is wrong, or too large.
            NotPreparedError: tier="compiled" was asked for, and there is no compiled code.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        request = Request(
            function,
            inputs,
            wrt,
            order,
            derivatives,
            dtype,
            out,
            coefficients=coefficients,
            tier=tier,
            unused=unused,
            units=units,
            reduce=reduce,
            weights=weights,
        )
        if warm_start is not None:
            return self._followed(request, warm_start, timeout, integral_error)
        if integral_error:
            return self._compared(request, timeout, progress)
        if request.coefficients and (wrt is not None or derivatives is not None):  # else it is by none of their numbers
            return self._by_arrays(request.settled(), timeout, progress)
        return self._by_tables(request, timeout, progress)

    def _followed(
        self, request: Request, warm_start: Mapping[str, str], timeout: float | None, integral_error: bool
    ) -> Result:
        from gridgrad.pullbacks.warm_starts import WarmStarts  # most calls have none

        if integral_error:
            raise RequestError("warm_start", "warm_start with integral_error", "ask for one of them")
        started, places = self._attempts(timeout), WarmStarts(request.settled(), warm_start)
        for place in places:
            left_s = started.left_s()
            places.add(self._computed(place, math.inf if left_s is None else left_s))
        return places.total

    def _by_arrays(self, request: Request, timeout: float | None, progress: bool | Progress | None) -> Result:
        from gridgrad.pullbacks.many_numbers import by_many_numbers  # most calls have no coefficients

        many = by_many_numbers(request)
        if many is None:
            return self._by_tables(request, timeout, progress)
        return self._by_several(many, timeout)

    def _by_tables(self, request: Request, timeout: float | None, progress: bool | Progress | None) -> Result:
        try:
            return self._computed(request, timeout, progress)
        except TooLargeError as error:
            if error.field != "derivatives" or isinstance(request.wrt or request.derivatives, Iterator):
                raise
            from gridgrad.pullbacks.many_values import by_many_values  # it is by many values of a table, or an error

            many = by_many_values(request)
            if many is None:
                raise
        return self._by_several(many, timeout)

    def _by_several(self, many: ManyNumbers | ManyValues, timeout: float | None) -> Result:
        """What several requests come to, within the timeout of one."""
        started = self._attempts(timeout)
        main, *others = [
            self._computed(each, math.inf if (left_s := started.left_s()) is None else left_s)
            for each in (many.main, *many.others)
        ]
        return many.joined(main, others)

    def _compared(self, request: Request, timeout: float | None, progress: bool | Progress | None) -> Result:
        request = request.settled()
        other = prepare_with_other_points(request)
        started = self._attempts(timeout)
        result = self._computed(request, timeout, progress)
        left_s = started.left_s()
        return with_integral_error(result, self._sent(other, math.inf if left_s is None else left_s, None))

    def _computed(self, request: Request, timeout: float | None, progress: bool | Progress | None = None) -> Result:
        call = prepare(request)
        if not progress:
            return self._sent(call, timeout, None)
        with shown(progress, "points", call.template.grid.points) as tell:
            return self._sent(call, timeout, tell)

    def _sent(self, call: PreparedCall, timeout: float | None, progress: Progress | None) -> Result:
        attempts = self._attempts(timeout)
        if call.template.features:
            call = self._retried(attempts, self._fitted, call)
        worth_it = LARGE_INPUT_BYTES if self._channels.get().has_sessions else LARGE_BYTES
        call = self._routes.arrays.named(call, worth_it)
        try:
            result = self._answered(attempts, call, progress)
        except RequestError as error:
            if not self._routes.arrays.are_missing(call, error):
                raise
            call = self._routes.arrays.whole(call)
            result = self._answered(attempts, call, progress)
        self._routes.learn(call, result)
        return result

    def _answered(self, attempts: Attempts, call: PreparedCall, progress: Progress | None) -> Result:
        try:
            return self._retried(attempts, self._once, call, progress)
        except TooLargeError as error:
            if not error_mapping.wants_stream(error):
                raise
            result = self._retried(attempts, self._by_stream, call, progress)
            self._routes.learn_limit(result)
            self._sessions.answered_by_grpc()
            return result

    def _once(self, attempts: Attempts, call: PreparedCall, progress: Progress | None) -> Result:
        channel = self._opened(attempts.left_s())
        numbered = call._replace(number=channel.numbers.of(call))
        try:
            return self._by_channel(attempts, numbered, progress, channel)
        except error_mapping.FOREIGN as raised:
            if numbered.number is None or not error_mapping.is_forgotten(raised):
                raise
            numbered.number.forget()
        return self._by_channel(attempts, call, progress, channel)

    def _by_channel(
        self, attempts: Attempts, call: PreparedCall, progress: Progress | None, channel: ServiceChannel
    ) -> Result:
        result = channel.sessions.gradient(call, attempts.left_s(), progress)
        if result is None:
            result = self._by_grpc(attempts, call, progress, channel)
            channel.sessions.answered_by_grpc()
        return result

    def _fitted(self, attempts: Attempts, call: PreparedCall) -> PreparedCall:
        if not call.template.features:
            return call
        from gridgrad.older_servers.written_sums import call_for_older  # most calls need no feature

        return self._channels.get().fitted(call, call.template.features, call_for_older, attempts.left_s())

    def _by_grpc(
        self, attempts: Attempts, call: PreparedCall, progress: Progress | None, channel: ServiceChannel
    ) -> Result:
        if self._routes.by_stream(call):
            return self._by_stream(attempts, call, progress)
        result = read_unary(channel.unary(call, attempts.left_s()), call)
        if progress:
            progress(call.template.grid.points, call.template.grid.points)
        return result

    def close(self) -> None:
        """Ends the connection; calls that are under way are cancelled. Closing twice does nothing."""
        self._closed = True
        if self._channels.made is not None:
            self._channels.made.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[[], Client], tuple[()]]:
        """Another client with the same settings and a connection of its own, for a copy and in another process.

        Raises:
            RequestError: it has credentials, which stay in the process.
        """
        return functools.partial(type(self), **arguments_of(self._settings)), ()

    def __repr__(self) -> str:
        return f"<gridgrad.Client of {self._settings.target}{', closed' if self._closed else ''}>"

    @property
    def _sessions(self) -> SessionPool:
        latest = self._channels.get().latest
        return cast("ServiceChannel", latest).sessions  # it is there from the first call on

    def _attempts(self, timeout: float | None, retries: int | None = None) -> Attempts:
        if self._closed:
            raise error_mapping.closed()
        check_process(self._process_id)
        allowed = self._settings.retries if retries is None else retries
        return Attempts(allowed, timeout_of(timeout, self._settings.timeout_s))

    def _retried(self, attempts: Attempts, once: Callable[..., T], *arguments: object) -> T:
        while True:
            try:
                return once(attempts, *arguments)
            except error_mapping.FOREIGN as raised:
                failure = self._failure(raised, attempts)
            time.sleep(attempts.wait_s(failure))

    def _plain(
        self, path: str, timeout: float | None, *, retries: int | None = None, message: Message | None = None
    ) -> bytes:
        raw = message.SerializeToString() if message else b""

        def once(attempts: Attempts) -> bytes:
            channel = self._opened(attempts.left_s())
            return channel.plain(path, raw, attempts.left_s())

        return self._retried(self._attempts(timeout, retries), once)

    def _at_each(self, path: str, timeout: float | None, message: Message) -> list[bytes]:
        if not self._settings.servers.several:
            return [self._plain(path, timeout, message=message)]
        attempts, raw = self._attempts(timeout), message.SerializeToString()

        def once(attempts: Attempts, channel: ServiceChannel) -> bytes:
            return channel.plain(path, raw, attempts.left_s())

        def channels(attempts: Attempts) -> list[ServiceChannel]:
            return self._channels.get().each(attempts.left_s())

        opened = self._retried(attempts, channels)
        try:
            return [self._retried(attempts.anew(), once, channel) for channel in opened]
        finally:
            for channel in opened:
                channel.close()

    def _about(self, plan: pb.Plan, path: str, timeout: float | None) -> list[bytes]:
        if features := features_of(plan):
            from gridgrad.older_servers.written_sums import plan_for_older  # most plans need no feature

            def fitted(attempts: Attempts) -> pb.Plan:
                return self._channels.get().fitted(plan, features, plan_for_older, attempts.left_s())

            plan = self._retried(self._attempts(timeout), fitted)
        arrays, sent = self._routes.arrays, self._routes.arrays.named_plan(plan)
        try:
            answers = self._asked(sent, path, timeout)
        except RequestError as error:
            if not arrays.are_missing(sent, error):
                raise
            sent = arrays.whole_plan(plan)
            answers = self._asked(sent, path, timeout)
        if path == PREPARE.path and all(parse(pb.PrepareResponse(), each).keeps_arrays for each in answers):
            arrays.learn_plan(sent)
        return answers

    def _asked(self, plan: pb.Plan, path: str, timeout: float | None) -> list[bytes]:
        if path == PREPARE.path:
            return self._at_each(path, timeout, pb.PrepareRequest(plan=plan))
        return [self._plain(path, timeout, message=pb.ExplainRequest(plan=plan))]

    def _failure(self, raised: Exception, attempts: Attempts) -> error_mapping.Failure:
        failure = error_mapping.of(raised, self._settings.target, attempts.timeout_s, attempts.passed_s())
        if failure.is_unheard:
            self._channels.get().suspect()
        return failure

    def _opened(self, timeout_s: float | None) -> ServiceChannel:
        return self._channels.get().get(timeout_s)

    def _open_whole(self, call: PreparedCall, timeout_s: float | None) -> Any:
        return (self._opened(timeout_s)).open_whole(call, timeout_s)

    def _pool(self) -> SessionPool | None:
        made = self._channels.made
        return None if self._settings.servers.several or made is None or made.latest is None else made.latest.sessions

    def _streams(self, timeout_s: float | None) -> int:
        return self._channels.get().count(timeout_s) if self._settings.servers.several else 1

    def _open_stream(self, messages: Iterator[bytes], timeout_s: float | None) -> Any:
        return (self._opened(timeout_s)).open_stream(messages, timeout_s)
