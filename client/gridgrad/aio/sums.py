"""What gives a few numbers of a grid: sums of squares, and gradients of sums."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gridgrad.aio.bound import BoundCall, Calling
from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.inputs import Inputs
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import FunctionLike, Request, Tier, Unused
from gridgrad.results.result import Result
from gridgrad_core.errors import RequestError

if TYPE_CHECKING:
    from gridgrad.requests.least_squares_terms import LeastSquaresTerms
    from gridgrad.results.server_info import ServerInfo

__all__ = ["Sums"]


class Sums(Calling):
    """The part of a client that sums residuals, and gives gradients of sums."""

    @abstractmethod
    async def server_info(self, *, timeout: float | None = None) -> ServerInfo:
        """Describes the server."""

    async def least_squares_terms(
        self,
        model: FunctionLike,
        inputs: Inputs,
        data: Any,
        *,
        wrt: str | Iterable[str],
        weights: Any = None,
        over: str | Iterable[str] | None = None,
        skip_nan: bool = False,
        loss: str = "linear",
        loss_scale: float = 1.0,
        dtype: Any = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        unused: Unused = "refuse",
        timeout: float | None = None,
    ) -> LeastSquaresTerms:
        """Sums squares of residuals, and what a step of Gauss and Newton needs, without ever forming the Jacobian.

        With r = model - data, J its derivatives by `wrt`, and weights W: Σ W·r², Jᵀ·W·r and Jᵀ·W·J.

        Args:
            model: as for `gradient`, of one component.
            inputs: as for `gradient`, the parameters among them.
            data: an array of the grid's shape, or with the names of its dims, (("t", "pixel"), array). It may have dims
                that the inputs have not. Large ones travel once.
            wrt: the parameters: inputs that are numbers or vary along no dim that is summed over, and arrays of
                coefficients.
            weights: W = 1/σ² of each point, not a factor of r: an array as `data`, or an expression of the inputs.
            over: the dims that are summed over; by default all. Terms have the others in front, so that pixels with
                parameters of their own are one request.
            skip_nan: whether points whose data are nan are left out, of n too. Else they make their sums nan.
            loss: "linear", "soft_l1", "huber", "cauchy" or "arctan", as scipy.optimize.least_squares has them.
            loss_scale: C, about how large a residual times √W counts in full.
            dtype: as for `gradient`; it is summed in float64.
            coefficients: as for `gradient`.
            tier: as for `gradient`.
            unused: as for `gradient`.
            timeout: as for `gradient`.

        Returns:
            The sums, float64.

        Raises:
            RequestError: something in the request is wrong, such as data of another shape.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        from gridgrad.requests.reduction import GivenResiduals, named_dims  # most clients sum no residuals

        given = GivenResiduals(data, named_dims(over), skip_nan, loss, loss_scale)
        call = prepare(
            Request(model, inputs, wrt, 1, None, dtype, coefficients=coefficients, tier=tier, unused=unused,
                    reduce=given, weights=weights)
        )  # fmt: skip
        return _terms_reader(call)(await self._sent(call, timeout, None))

    async def bind_least_squares_terms(
        self,
        model: FunctionLike,
        inputs: Inputs,
        data: Any,
        *,
        varying: str | Iterable[str],
        wrt: str | Iterable[str],
        weights: Any = None,
        over: str | Iterable[str] | None = None,
        skip_nan: bool = False,
        loss: str = "linear",
        loss_scale: float = 1.0,
        dtype: Any = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        unused: Unused = "refuse",
    ) -> BoundCall[LeastSquaresTerms]:
        """Fixes all of `least_squares_terms` that does not change between calls, as `bind` does of `gradient`.

        `step = client.bind_least_squares_terms("a*exp(-b*t)", {"t": t, "a": 1.0, "b": 2.0}, y, varying=["a", "b"],
        wrt=["a", "b"])` makes `step`, and `step(a=1.1, b=1.9)` sends two numbers and brings six.

        Args:
            model: as for `least_squares_terms`.
            inputs: as for `least_squares_terms`. Of what varies the shape and the dims count, which all calls have.
            data: as for `least_squares_terms`.
            varying: the inputs and arrays of coefficients whose numbers each call brings; also "data", and "weights"
                where these are an array.
            wrt: as for `least_squares_terms`.
            weights: as for `least_squares_terms`.
            over: as for `least_squares_terms`.
            skip_nan: as for `least_squares_terms`.
            loss: as for `least_squares_terms`.
            loss_scale: as for `least_squares_terms`.
            dtype: as for `bind`.
            coefficients: as for `least_squares_terms`.
            tier: as for `least_squares_terms`.
            unused: as for `least_squares_terms`.

        Returns:
            What is called with the numbers that vary, and returns the sums.

        Raises:
            RequestError: something is wrong that shows without them.
        """
        from gridgrad.binding.bound_request import BoundRequest
        from gridgrad.requests.reduction import GivenResiduals, named_dims

        given = GivenResiduals(data, named_dims(over), skip_nan, loss, loss_scale)
        request = Request(model, inputs, wrt, 1, None, dtype, coefficients=coefficients, tier=tier, unused=unused,
                          reduce=given, weights=weights)  # fmt: skip
        bound = BoundRequest(request, varying)
        return BoundCall(self, bound, _terms_reader(bound.first))

    async def pullback(
        self,
        function: FunctionLike,
        inputs: Inputs,
        cotangent: Any = None,
        *,
        wrt: str | Iterable[str] | None = None,
        dtype: Any = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        unused: Unused = "refuse",
        timeout: float | None = None,
    ) -> Result:
        """The gradient of Σ cotangent·f over all points of a grid, in reverse mode: by many inputs as fast as by few.

        Args:
            function: as for `gradient`.
            inputs: as for `gradient`.
            cotangent: what each point counts: an array of the grid's shape, [components, *grid] for a tuple; one with
                the names of its dims, ("k", array); an expression of the inputs, or a tuple of them; None for ones. One
                above a quarter of what a message may be goes in windows of that, whose sums are added up here.
            wrt: the inputs that the gradient is by: numbers, axes, arrays with several dims and arrays of coefficients.
                Arrays that the function sums over and tables may have 4,096 numbers each; other arrays 512 together.
            dtype: as for `gradient`; it is summed in float64.
            coefficients: as for `gradient`.
            tier: as for `gradient`.
            unused: as for `gradient`.
            timeout: as for `gradient`; of each window, array of more than 512 numbers, and 256 values of a table.

        Returns:
            `value` is the sum, and `d["k"]` its gradient by k, with the dims of k.

        Raises:
            RequestError: something in the request is wrong, such as a cotangent of another shape.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        from gridgrad.pullbacks.many_gradients import by_many_gradients
        from gridgrad.requests.reduction import GivenPullback  # most clients pull nothing back

        request = Request(function, inputs, wrt, 1, None, dtype, coefficients=coefficients, tier=tier, unused=unused,
                          reduce=GivenPullback(cotangent))  # fmt: skip
        request = request.settled()
        many = by_many_gradients(request) if coefficients else None
        if many is None:
            return await self._pulled_back_by_tables(request, timeout)
        main = await self._pulled_back_whole(many.main, timeout)
        by_arrays = {}
        for name, asked in many.beside.items():
            if asked:
                by_arrays[name] = await self._pulled_back_whole(asked[0], timeout)
        return many.joined(main, by_arrays)

    async def _pulled_back_by_tables(self, request: Request, timeout: float | None) -> Result:
        from gridgrad.pullbacks.many_table_gradients import by_many_table_values

        many = by_many_table_values(request)
        if many is None:
            return await self._pulled_back_whole(request, timeout)
        main = await self._pulled_back_whole(many.main, timeout)
        blocks = [await self._pulled_back_whole(each, timeout) for _, each in many.blocks]
        return many.joined(main, blocks)

    async def _pulled_back_whole(self, request: Request, timeout: float | None) -> Result:
        """A pull-back, in windows where its cotangent is large."""
        from gridgrad.pullbacks.pullback_windows import PullbackWindows
        from gridgrad.requests.reduction import GivenPullback

        assert isinstance(request.reduce, GivenPullback), "it is one"  # noqa: S101 - narrows the type
        cotangent = request.reduce.cotangent
        most_bytes = await self._most_bytes(cotangent, timeout)
        if not most_bytes:
            return await self._pulled_back(request, timeout)
        windows = PullbackWindows(request, prepare(dataclasses.replace(request, reduce=GivenPullback())), most_bytes)
        for part in windows:
            windows.add(await self._pulled_back(part, timeout))
        return windows.total

    async def bind_pullback(
        self,
        function: FunctionLike,
        inputs: Inputs,
        cotangent: Any = None,
        *,
        varying: str | Iterable[str],
        wrt: str | Iterable[str] | None = None,
        dtype: Any = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        unused: Unused = "refuse",
        timeout: float | None = None,
    ) -> BoundCall[Result]:
        """Fixes all of `pullback` that does not change between calls, as `bind` does of `gradient`.

        `loss = client.bind_pullback("a*exp(-b*t)", {"t": t, "a": 1.0, "b": 2.0}, np.ones(200), varying=["a", "b",
        "cotangent"], wrt=["a", "b"])` makes `loss`, and `loss(a=1.1, b=1.9, cotangent=c)` sends what it is given.

        Args:
            function: as for `pullback`.
            inputs: as for `pullback`. Of what varies the shape and the dims count, which all calls have.
            cotangent: as for `pullback`, but for an array of more than a quarter of what a message may be.
            varying: the inputs and arrays of coefficients whose numbers each call brings; also "cotangent", where that
                is an array and no input is called so.
            wrt: as for `pullback`.
            dtype: as for `bind`.
            coefficients: as for `pullback`.
            tier: as for `pullback`.
            unused: as for `pullback`.
            timeout: seconds to ask what a message may be, where the cotangent is large; None for the client's own.

        Returns:
            What is called with the numbers that vary, and returns what `pullback` does.

        Raises:
            RequestError: something is wrong that shows without them, or the cotangent is too large to be bound.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        from gridgrad.binding.bound_request import BoundRequest
        from gridgrad.pullbacks.pullback_reader import pullback_reader
        from gridgrad.requests.reduction import GivenPullback

        most_bytes = await self._most_bytes(cotangent, timeout)
        if most_bytes:
            found = f"an array of more than a quarter of the {most_bytes:,} bytes that a message may have"
            raise RequestError("cotangent", found, "call client.pullback in the loop, which sends it in windows")
        request = Request(function, inputs, wrt, 1, None, dtype, coefficients=coefficients, tier=tier, unused=unused,
                          reduce=GivenPullback(cotangent))  # fmt: skip
        bound = BoundRequest(request, varying)
        return BoundCall(self, bound, pullback_reader(bound.first))

    async def _most_bytes(self, cotangent: Any, timeout: float | None) -> int:
        """What a message may be, where a cotangent is too large to go in one; else 0."""
        from gridgrad.pullbacks.pullback_windows import is_large

        if not is_large(cotangent):
            return 0
        most_bytes = (await self.server_info(timeout=timeout)).limits.message_bytes
        return most_bytes if is_large(cotangent, most_bytes) else 0

    async def _pulled_back(self, request: Request, timeout: float | None) -> Result:
        from gridgrad.pullbacks.pullback_reader import pullback_reader

        call = prepare(request)
        return pullback_reader(call)(await self._sent(call, timeout, None))


def _terms_reader(call: PreparedCall) -> Callable[[Result], LeastSquaresTerms]:
    """What takes the sums out of the results of such calls."""
    from gridgrad.requests.least_squares_terms import terms_of

    names = [name for (name,) in call.template.derivatives]
    return lambda result: terms_of(result.value, names)
