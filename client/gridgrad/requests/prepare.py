"""From the arguments of `gradient` to the bytes of a request, with what is needed to read its answer."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gridgrad.arguments.derivatives import read_selection
from gridgrad.arguments.inputs import FLOAT32, FloatArray, Input, computing_dtype, read_inputs
from gridgrad.arguments.lookup_table import GivenTable, split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.arguments.units import Units, check_known, check_units
from gridgrad.requests.call_numbers import CallNumber
from gridgrad.requests.encode import decode_input, encode_numbers, input_with_digest, kind_of, narrowed, stacked_inputs
from gridgrad.requests.lowering import Shown, asks_by, found_tables, lower, parsed
from gridgrad.requests.reduction import GivenPullback, GridReduction, read_reduction
from gridgrad.requests.request import FunctionIdentity, Registered, Request, check_constants, function_identity
from gridgrad.requests.template_cache import RequestTemplate, TemplateCache, plain_numbers, template_of
from gridgrad_core.errors import ExpressionError, RequestError
from gridgrad_core.grid import Grid, grid_of
from gridgrad_core.lang.functions.tabulated import ARRAY
from gridgrad_core.lang.program.program import Program
from gridgrad_core.reduction import PULLBACK
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import TIERS
from gridgrad_core.wire.features import ARRAYS, IGNORE_UNUSED, KEPT_ARRAYS, PULLBACKS, REDUCTIONS, TABLES
from gridgrad_core.wire.fields import field_head

if TYPE_CHECKING:
    from gridgrad.requests.summed_calls import SummedCalls

__all__ = [
    "PreparedCall",
    "features_of",
    "out_of_shape",
    "prepare",
    "prepare_with_other_points",
    "stream_message",
]

_NO_DIGESTS: Mapping[int, bytes] = MappingProxyType({})
_BY_NAME = pb.GridGradientRequest(features=[KEPT_ARRAYS]).SerializeToString()
_REQUEST_FIELD = pb.StreamGridGradientsRequest.REQUEST_FIELD_NUMBER


class PreparedCall(NamedTuple):
    """A request ready to be sent.

    Args:
        request: what the caller gave.
        template: what it shares with calls that differ in numbers alone.
        numbers: of each input, as bytes; of a linspace, the whole field of the request.
        lowered: what the caller sees of it, where that differs from what travels.
        tables: that the function calls; arrays that it sums over too.
        summed: these arrays, and tables that the function has itself.
        number: by which the server it goes to may know all but the numbers.
        input_digests: by the places of inputs, the SHA-256 of those that the server is to keep or keeps.
        named: the SHA-256 of arrays that go by that alone, since the server keeps them.
    """

    request: Request
    template: RequestTemplate
    numbers: tuple[bytes, ...]
    lowered: Shown | None = None
    tables: tuple[GivenTable, ...] = ()
    summed: tuple[GivenTable, ...] = ()
    number: CallNumber | None = None
    input_digests: Mapping[int, bytes] = _NO_DIGESTS
    named: frozenset[bytes] = frozenset()

    @property
    def function(self) -> FunctionIdentity:
        """The kind and text of the function."""
        return self.template.function

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs as sent."""
        return tuple(map(decode_input, self.template.inputs, self.numbers))

    @property
    def shown(self) -> tuple[Input, ...]:
        """The inputs as the caller sees them."""
        return self.inputs if self.lowered is None else self.lowered.inputs

    @property
    def digests(self) -> tuple[bytes, ...]:
        """The SHA-256 of its arrays that may be kept."""
        of_tables = [digest for each in self.tables for digest in each.table.digests] if self.tables else ()
        return (*of_tables, *self.input_digests.values())

    @property
    def heads(self) -> list[bytes]:
        """The fields of a request but for its inputs with numbers: what is asked, and the tables."""
        fields = [each.table.field(each.name, self.named) for each in self.tables]
        return [self.template.head, *fields, _BY_NAME] if self.named else [self.template.head, *fields]

    @property
    def message(self) -> bytes:
        """The serialized GridGradientRequest that goes to the server, whole or by number."""
        return self.whole if self.number is None else self.number.message(self)

    @property
    def whole(self) -> bytes:
        """The serialized GridGradientRequest, all of it."""
        return b"".join((*self.heads, *self.input_fields))

    @property
    def input_fields(self) -> list[bytes]:
        """The inputs with numbers as fields of a request, in parts."""
        parts: list[bytes] = []
        for each in zip(self.template.input_heads, self.numbers, strict=True):
            parts += each
        for place, digest in self.input_digests.items():
            is_named = digest in self.named
            parts[2 * place] = input_with_digest(self.template.inputs[place], digest, is_named=is_named)
            parts[2 * place + 1] = b"" if is_named else self.numbers[place]
        return parts


_templates = TemplateCache()


@functools.cache
def _summed_calls() -> SummedCalls:
    from gridgrad.requests.summed_calls import SummedCalls  # most calls sum over no arrays

    return SummedCalls()


def prepare(request: Request) -> PreparedCall:
    """Converts, checks and serializes a request.

    Args:
        request: what the caller gave.

    Raises:
        RequestError: something in it is wrong that shows without the server.
    """
    known = _summed_again(request) if request.coefficients else None
    template = _templates.get(request)
    numbers = None if template is None else plain_numbers(request.inputs, template.inputs)
    if known is not None:
        call = known
    elif template is not None and numbers is not None:
        call = PreparedCall(request, template, numbers)
    else:
        call = _prepared(request)
        if call.template.is_plain:
            _keep(call)
    if request.units is not None:
        _check_units(request.units, call)
    if request.out is not None:
        _check_out(request.out, 1 + len(call.template.derivatives), call.template.grid, call.template.result_dtype)
    return call


def _keep(call: PreparedCall) -> None:
    """Keeps what later calls may share with one whose inputs have no numbers of their own."""
    if call.lowered is None and not call.tables:
        _templates.keep(call.request, call.template)
    elif call.lowered is not None and call.tables == call.summed:
        _summed_calls().keep(call.request, call.template, call.lowered, call.summed)


def _summed_again(request: Request) -> PreparedCall | None:
    """A call that sums over the same arrays as an earlier one; None where there was none."""
    known = _summed_calls().get(request)
    numbers = None if known is None else plain_numbers(request.inputs, known.template.inputs)
    if known is None or numbers is None:
        return None
    return PreparedCall(request, known.template, numbers, known.shown(numbers), known.summed, known.summed)


def prepare_with_other_points(request: Request) -> PreparedCall:
    """The same request with another number of points for its integrals, to be compared with.

    Args:
        request: what the caller gave, which was prepared before.

    Raises:
        RequestError: the function has no integrals that the client knows.
    """
    return _prepared(dataclasses.replace(request, out=None), _with_other_points)


def _with_other_points(function: Any, names: tuple[str, ...], tables: Sequence[GivenTable]) -> Program:
    from gridgrad_core.lang.local.other_points import with_other_points

    if isinstance(function, Registered):
        found = f"an estimate for {function.name!r}, whose integrals the server alone knows"
        raise RequestError("integral_error", found, "leave it out, or give the expression")
    specs = tuple([each.spec for each in tables])
    return with_other_points(parsed(function, names, specs) if isinstance(function, str) else function)


def _prepared(request: Request, changed: Callable[..., Program] | None = None) -> PreparedCall:
    plain, tables = split_tables(request.inputs)
    given, inputs, shown = request.function, read_inputs(unstacked(plain)), None
    summed = found_tables(given)
    selection = read_selection(request.wrt, request.order, request.derivatives)
    ignore = _ignores_unused(request.unused)
    by_server = ignore and isinstance(given, Registered)  # which alone knows the inputs of its functions
    is_sent_as_given = isinstance(given, str | Registered | Program) and not asks_by(tables, selection)
    if (ignore and not by_server) or request.coefficients or not is_sent_as_given:
        lowered = lower(given, inputs, selection, request.coefficients, tables, ignore=ignore)
        given, inputs, selection, shown, summed = lowered
    if changed:
        given = changed(given, tuple([each.name for each in inputs]), (*tables, *summed))
    check_constants(given, [each.name for each in inputs])
    function, dtype = function_identity(given), computing_dtype(inputs, request.dtype, tables)
    sent = tuple([narrowed(each, dtype) for each in inputs])
    features = (IGNORE_UNUSED,) * by_server + _features_of((*tables, *summed))
    reduction, weighing = None, frozenset[str]()
    if request.reduce is not None:
        if isinstance(request.reduce, GivenPullback) and request.wrt is None:
            raise RequestError("wrt", "nothing", 'name the inputs that the gradient is by: wrt=["a", "b"]')
        reduction, added = read_reduction(
            request.reduce, request.weights, grid_of([each.spec for each in sent]), sent, function[1]
        )
        sent, weighing = (*sent, *added), _weighing_alone(reduction, function, sent, (*tables, *summed))
        shown = shown and shown._replace(inputs=(*shown.inputs, *added))
        features = (*features, *((PULLBACKS,) if reduction.kind == PULLBACK else ()), REDUCTIONS)
    elif request.weights is not None:
        raise RequestError("weights", "weights without reduce", 'say what to weigh: reduce={"k": "sum"}')
    kinds, single = tuple(map(kind_of, sent)), dtype == FLOAT32
    template = template_of(function, kinds, selection, single, _tier(request.tier), features, reduction, weighing)
    numbers = tuple(map(encode_numbers, sent))
    return PreparedCall(request, template, numbers, shown, (*tables, *summed), summed)


def features_of(plan: pb.Plan) -> tuple[str, ...]:
    """What a server has to know to prepare or explain a plan."""
    methods = {each.table.method for each in plan.inputs if each.HasField("table")}
    return (TABLES,) * bool(methods - {ARRAY}) + (ARRAYS,) * (ARRAY in methods)


def _weighing_alone(
    reduction: GridReduction, function: FunctionIdentity, inputs: Sequence[Input], tables: Sequence[GivenTable]
) -> frozenset[str]:
    """The inputs that weights use and the function does not, as far as a client can tell."""
    if not reduction.weights or reduction.residuals:
        return frozenset()
    argument = "cotangent" if reduction.kind == PULLBACK else "weights"
    names, specs = tuple([each.name for each in inputs]), tuple([each.spec for each in tables])
    given = (*names, *reduction.added)
    try:
        weights = parsed(reduction.weights, given, specs)
    except ExpressionError as error:
        raise ExpressionError(argument, error.found, error.remedy) from None
    if unknown := [name for name in weights.inputs if name not in given]:
        raise RequestError(argument, f"{unknown[0]!r}, which is no input", f"add one, or use {', '.join(names)}")
    if reduction.kind == PULLBACK:
        return frozenset()  # by what it is derived is always said
    used = {*weights.inputs} - {each.name for each in inputs if not each.dims}
    if function[0] == "expression":
        with contextlib.suppress(ExpressionError):  # what is wrong with it the server says
            return frozenset(used.difference(parsed(function[1], names, specs).inputs))
    return frozenset(used.difference(each.name for each in inputs if each.dims == (each.name,)))


def _features_of(tables: Sequence[GivenTable]) -> tuple[str, ...]:
    """What a server has to know for tables, and for arrays to sum over."""
    kinds = {ARRAYS if each.spec.is_array else TABLES for each in tables}
    return tuple([feature for feature in (TABLES, ARRAYS) if feature in kinds])


def _tier(spelled: object) -> pb.Tier:
    if not isinstance(spelled, str) or spelled not in TIERS:
        raise RequestError("tier", f"{spelled!r}", f"say one of {', '.join(map(repr, TIERS))}")
    return TIERS[spelled]


def _ignores_unused(spelled: object) -> bool:
    if spelled not in ("refuse", "ignore"):
        raise RequestError("unused", f"{spelled!r}", "say 'refuse', or 'ignore' to allow numbers that are not used")
    return spelled == "ignore"


def stream_message(first_id: int, calls: Sequence[PreparedCall]) -> bytes:
    """Calls that share a template as the entries of one message of a stream, with ids from first_id on."""
    template, entries = calls[0].template, len(calls) if len(calls) > 1 else 0
    head = pb.StreamGridGradientsRequest(id=first_id, entries=entries).SerializeToString()
    parts = [*calls[0].heads, *(_stacked(calls, template) if entries else calls[0].input_fields)]
    return b"".join([head, field_head(_REQUEST_FIELD, sum(map(len, parts))), *parts])


def _stacked(calls: Sequence[PreparedCall], template: RequestTemplate) -> list[bytes]:
    """The inputs of several calls as fields of one request, in parts."""
    parts: list[bytes] = []
    numbers = zip(*[call.numbers for call in calls], strict=True)
    for place, (input_head, kind, of_all) in enumerate(
        zip(template.input_heads, template.inputs, numbers, strict=True)
    ):
        varies = template.varying is None or place in template.varying
        parts += stacked_inputs(kind, of_all) if varies else (input_head, of_all[0])
    return parts


def _check_units(units: Units, call: PreparedCall) -> None:
    """Refuses units of nothing before anything is computed; what a registered function gives only the server knows."""
    check_units(units)
    kind, text = call.function
    if kind == "expression":
        specs = tuple([each.spec for each in (*split_tables(call.request.inputs)[1], *call.summed)])
        program = parsed(text, tuple([each.name for each in call.inputs]), specs)
        check_known(units, [each.name for each in call.shown], program.components)


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
