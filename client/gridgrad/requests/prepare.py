"""From the arguments of `gradient` to the bytes of a request, with what is needed to read its answer."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from gridgrad.arguments import derivatives as asked
from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import Asked, DerivativeLike
from gridgrad.arguments.inputs import FLOAT32, FLOAT64, FloatArray, Input, Inputs, computing_dtype, read_inputs
from gridgrad.arguments.linspace import Linspace
from gridgrad.requests.lowering import Shown, lower
from gridgrad.requests.template_cache import Recent, has_plain_inputs, numbers_alike
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Derivative, Grid, InputSpec, grid_of
from gridgrad_core.lang.program.program import Program
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import buffer as wire

if TYPE_CHECKING:
    from gridgrad.protocol.response_cache import Form

__all__ = [
    "Call",
    "FunctionLike",
    "Registered",
    "Request",
    "Tier",
    "entry_message",
    "function_key",
    "prepare",
    "registered",
]

PLANS_KEPT = 512
_TIERS = {"auto": pb.TIER_UNSPECIFIED, "direct": pb.TIER_DIRECT, "compiled": pb.TIER_COMPILED}
_REQUEST_FIELD = pb.StreamGridGradientsRequest.REQUEST_FIELD_NUMBER


@dataclass(frozen=True, slots=True)
class Registered:
    """The name of a function registered at the server; `registered` makes one.

    Args:
        name: the name, as `Client.functions` lists it.
    """

    name: str


def registered(name: str) -> Registered:
    """Names a function of the server, so that it is never taken for an expression.

    Args:
        name: the name, as `Client.functions` lists it.

    Returns:
        What `Client.gradient` takes as its function.
    """
    return Registered(name)


class Symbolic(Protocol):
    """What sympy's expressions have in common."""

    @property
    def free_symbols(self) -> set[Any]:
        """The symbols in it."""


FunctionLike: TypeAlias = str | Registered | Program | Callable[..., Any] | Symbolic
Tier: TypeAlias = Literal["auto", "direct", "compiled"]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One grid to compute: the arguments of `Client.gradient`, for `Client.stream`.

    Args:
        function: an expression, a parsed program, a Python function written with numpy, a sympy expression, or
            `gridgrad.registered(name)`.
        inputs: names to arrays and numbers, as for `Client.gradient`.
        wrt: the input or inputs that `order` counts partials of; by default those that are no numbers.
        order: all partials up to this order, 0 to 4; 1 if nothing is said.
        derivatives: the partials wanted, instead of `order`: ["t", ("t", "k")].
        dtype: "float32" or "float64"; by default float32 if every array given is, else float64.
        out: a C-contiguous array [1 + derivatives, (components,) *grid] of that dtype to put the result into.
        tag: whatever the caller wants to find again in `result.request.tag`.
        coefficients: names to arrays whose elements are scalars of the function, as for `Client.gradient`.
        tier: "direct" or "compiled" to have it computed so and not otherwise; "auto" takes what is ready.
    """

    function: FunctionLike
    inputs: Inputs
    wrt: str | Iterable[str] | None = None
    order: int | None = None
    derivatives: Iterable[DerivativeLike] | None = None
    dtype: Any = None
    out: FloatArray | None = None
    tag: Any = None
    coefficients: Coefficients | None = None
    tier: Tier = "auto"

    def settled(self) -> Request:
        """The same, to be asked many times: what can be read only once is read, and a function traced once."""
        function = _traced_once(self.function)
        return dataclasses.replace(self, function=function, wrt=_kept(self.wrt), derivatives=_kept(self.derivatives))

    def on(self, inputs: Inputs) -> Request:
        """The same with other inputs.

        Args:
            inputs: names to arrays and numbers, as for `Client.gradient`.

        Returns:
            A request without `out` and `tag`.
        """
        asked = self.wrt, self.order, self.derivatives, self.dtype
        return Request(self.function, inputs, *asked, coefficients=self.coefficients, tier=self.tier)


def _traced_once(function: Any) -> FunctionLike:
    if not callable(function) or hasattr(function, "free_symbols"):  # sympy's symbols can be called
        traced: FunctionLike = function
        return traced
    from gridgrad.tracing.decorator import TracedFunction

    return function if isinstance(function, TracedFunction) else TracedFunction(function)


def _kept(listed: Any) -> Any:
    return [*listed] if isinstance(listed, Iterator) else listed


FunctionKey: TypeAlias = tuple[Literal["expression", "registered"], str]


@dataclass(slots=True, eq=False)
class Plan:
    """What requests share that differ only in numbers.

    Args:
        function: the kind and text of the function.
        head: the serialized request without its inputs.
        derivatives: the partials in the order in which they are asked for.
        inputs: what the inputs are, and the types of their numbers; None for those of a linspace.
        input_heads: what stands before the numbers of each.
        grid: the grid that the inputs span.
        input_bytes: how large the arrays among the inputs are.
        component_bytes: how large the result is if the function has one component.
        dtype: computed in.
        answers: the form of the latest answer, which the next is likely to have.
    """

    function: FunctionKey
    head: bytes
    derivatives: tuple[Derivative, ...]
    inputs: tuple[tuple[InputSpec, np.dtype[Any] | None], ...]
    input_heads: tuple[bytes, ...]
    grid: Grid
    input_bytes: int
    component_bytes: int
    dtype: np.dtype[Any]
    answers: Form | None = None


class Call(NamedTuple):
    """A request ready to be sent.

    Args:
        request: what the caller gave.
        plan: what it shares with calls that differ only in numbers.
        numbers: of each input, as bytes; of a linspace, the whole field of the request.
        lowered: what the caller sees of it, where that differs from what travels.
    """

    request: Request
    plan: Plan
    numbers: tuple[bytes, ...]
    lowered: Shown | None = None

    @property
    def function(self) -> FunctionKey:
        """The kind and text of the function."""
        return self.plan.function

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs as sent."""
        return tuple([_input(*each, data) for each, data in zip(self.plan.inputs, self.numbers, strict=True)])

    @property
    def shown(self) -> tuple[Input, ...]:
        """The inputs as the caller sees them."""
        return self.inputs if self.lowered is None else self.lowered.inputs

    @property
    def message(self) -> bytes:
        """The serialized GridGradientRequest."""
        parts = [self.plan.head]
        for each in zip(self.plan.input_heads, self.numbers, strict=True):
            parts += each
        return b"".join(parts)


_plans = Recent[Plan](PLANS_KEPT)


def prepare(request: Request) -> Call:
    """Converts, checks and serializes a request.

    Args:
        request: what the caller gave.

    Raises:
        RequestError: something in it is wrong that shows without the server.
    """
    plan = _plans.get(request)
    numbers = None if plan is None else numbers_alike(request.inputs, plan.inputs)
    if plan is not None and numbers is not None:
        call = Call(request, plan, numbers)
    else:
        call = _prepared(request)
        if call.lowered is None and has_plain_inputs(call.plan.inputs):
            _plans.keep(request, call.plan)
    if request.out is not None:
        _check_out(request.out, 1 + len(call.plan.derivatives), call.plan.grid, call.plan.dtype)
    return call


def _prepared(request: Request) -> Call:
    given, inputs, shown = request.function, read_inputs(request.inputs), None
    spelled = asked.read_asked(request.wrt, request.order, request.derivatives)
    if request.coefficients or not isinstance(given, str | Registered | Program):
        given, inputs, spelled, shown = lower(given, inputs, spelled, request.coefficients)
    function, dtype = function_key(given), computing_dtype(inputs, request.dtype)
    sent = tuple([_narrowed(i, dtype) for i in inputs])
    kinds = tuple([(i.spec, i.dtype) for i in sent])
    plan = _plan(function, kinds, spelled, dtype == FLOAT32, _tier(request.tier))
    return Call(request, plan, tuple(map(_numbers, sent)), shown)


def entry_message(first_id: int, calls: Sequence[Call]) -> bytes:
    """Calls that share a plan as the entries of one message of a stream, with ids from first_id on."""
    plan, entries = calls[0].plan, len(calls) if len(calls) > 1 else 0
    head = pb.StreamGridGradientsRequest(id=first_id, entries=entries).SerializeToString()
    parts = [plan.head]
    numbers = zip(*[call.numbers for call in calls], strict=True)
    for input_head, each, of_all in zip(plan.input_heads, plan.inputs, numbers, strict=True):
        parts += _stacked(*each, of_all) if entries else (input_head, *of_all)
    return b"".join([head, wire.field_head(_REQUEST_FIELD, sum(map(len, parts))), *parts])


def function_key(function: FunctionLike) -> FunctionKey:
    """The kind and text of a function.

    Raises:
        RequestError: it is none.
    """
    if isinstance(function, str):
        return "expression", function
    if isinstance(function, Registered):
        return "registered", function.name
    if isinstance(function, Program):
        return "expression", str(function)
    raise RequestError(
        "function",
        f"a {type(function).__name__}",
        'give an expression such as "t*k", a Python function, or gridgrad.registered("name")',
    )


# Callers in a loop change numbers, seldom shapes, hardly ever the function; then the three cached below are look-ups


@functools.lru_cache(PLANS_KEPT)
def _plan(
    function: FunctionKey,
    inputs: tuple[tuple[InputSpec, np.dtype[Any] | None], ...],
    spelled: Asked,
    single: bool,
    tier: pb.Tier,
) -> Plan:
    grid = grid_of([spec for spec, _ in inputs])
    names = tuple([(spec.name, not spec.dims) for spec, _ in inputs])
    derivatives, head = _head(function, names, spelled, single, tier)
    input_heads = tuple([_array_head(*spec, dtype == FLOAT32) if dtype else b"" for spec, dtype in inputs])
    input_bytes = sum(math.prod(spec.shape) * dtype.itemsize for spec, dtype in inputs if dtype)
    dtype = FLOAT32 if single else FLOAT64
    component_bytes = (1 + len(derivatives)) * grid.points * dtype.itemsize
    return Plan(function, head, derivatives, inputs, input_heads, grid, input_bytes, component_bytes, dtype)


@functools.lru_cache(PLANS_KEPT)
def _head(
    function: FunctionKey, inputs: tuple[tuple[str, bool], ...], spelled: Asked, single: bool, tier: pb.Tier
) -> tuple[tuple[Derivative, ...], bytes]:
    names, scalars = [name for name, _ in inputs], [name for name, is_scalar in inputs if is_scalar]
    derivatives = asked.resolve(spelled, names, scalars)
    message = pb.GridGradientRequest(
        function=pb.Function(**{function[0]: function[1]}),
        derivatives=[pb.Derivative(wrt=derivative) for derivative in derivatives],
        dtype=pb.DTYPE_FLOAT32 if single else pb.DTYPE_FLOAT64,
        tier=tier,
    )
    return derivatives, message.SerializeToString()


def _tier(spelled: object) -> pb.Tier:
    if not isinstance(spelled, str) or spelled not in _TIERS:
        raise RequestError("tier", f"{spelled!r}", f"say one of {', '.join(map(repr, _TIERS))}")
    return _TIERS[spelled]


def _narrowed(given: Input, dtype: np.dtype[Any]) -> Input:
    """In the caller's own type or the narrower one computed in."""
    values = given.values
    if isinstance(values, Linspace) or dtype == FLOAT64 or values.dtype == FLOAT32:
        return given
    with np.errstate(over="ignore"):  # beyond float32 is inf there
        return Input(given.name, given.dims, values.astype(FLOAT32))


def _numbers(given: Input) -> bytes:
    """The numbers of an input, or those of a linspace as a field of the request; safe from what callers do later."""
    values = given.values
    if not isinstance(values, Linspace):
        return values.tobytes()
    spaced = pb.Linspace(start=values.start, stop=values.stop, num=values.num)
    sent = pb.Input(name=given.name, dims=given.dims, linspace=spaced)
    return pb.GridGradientRequest(inputs=[sent]).SerializeToString()


def _input(spec: InputSpec, dtype: np.dtype[Any] | None, numbers: bytes) -> Input:
    values = np.ndarray(spec.shape, dtype, numbers) if dtype else _linspace(numbers)
    return Input(spec.name, spec.dims, values)


def _linspace(field: bytes) -> Linspace:
    sent = pb.GridGradientRequest.FromString(field).inputs[0].linspace
    return Linspace(sent.start, sent.stop, sent.num)


def _stacked(spec: InputSpec, dtype: np.dtype[Any] | None, numbers: Sequence[bytes]) -> Sequence[bytes]:
    """An input of several requests as one field: what stands before its numbers, and these, one after another."""
    if dtype is None:
        if all(each == numbers[0] for each in numbers):
            return numbers[:1]
        numbers = [_linspace(each).values().tobytes() for each in numbers]
    return _array_head(spec.name, spec.dims, (len(numbers), *spec.shape), dtype == FLOAT32), *numbers


@functools.lru_cache(PLANS_KEPT)
def _array_head(name: str, dims: tuple[str, ...], shape: tuple[int, ...], single: bool) -> bytes:
    """All of the field but the numbers, which are the last of the innermost message: so they are copied once."""
    data_bytes = math.prod(shape) * (4 if single else 8)
    array = pb.Array(dtype=pb.DTYPE_FLOAT32 if single else pb.DTYPE_FLOAT64, shape=shape).SerializeToString()
    array += wire.field_head(pb.Array.DATA_FIELD_NUMBER, data_bytes)
    head = pb.Input(name=name, dims=dims).SerializeToString()
    head += wire.field_head(pb.Input.ARRAY_FIELD_NUMBER, len(array) + data_bytes) + array
    return wire.field_head(pb.GridGradientRequest.INPUTS_FIELD_NUMBER, len(head) + data_bytes) + head


def _check_out(out: FloatArray, planes: int, grid: Grid, dtype: np.dtype[Any]) -> None:
    if not isinstance(out, np.ndarray) or out.dtype != dtype or not out.flags.c_contiguous or not out.flags.writeable:
        kind = f"{out.dtype} array" if isinstance(out, np.ndarray) else type(out).__name__
        raise RequestError("out", f"a {kind} that can't hold the result", f"make it a writable C-ordered {dtype} array")
    dims = out.ndim - 1 - len(grid.shape)
    if dims not in (0, 1) or out.shape[0] != planes or out.shape[1 + dims :] != grid.shape:
        raise out_of_shape(out.shape, (planes, *grid.shape), dtype)


def out_of_shape(found: Sequence[int], wanted: Sequence[int], dtype: np.dtype[Any]) -> RequestError:
    """The error for an `out` whose shape is not that of the result."""
    make = f"make it numpy.empty({tuple(wanted)}, '{dtype.name}')"
    return RequestError(
        "out", f"shape {tuple(found)}", f"{make}, with one more dim after the first for a tuple's components"
    )
