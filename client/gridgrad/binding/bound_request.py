"""Bound requests: all that does not change between calls is read, checked and laid out once; a call brings numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gridgrad.arguments.coefficients import read_coefficients
from gridgrad.arguments.inputs import Input, checked, read_inputs, real_numbers, split_dims
from gridgrad.arguments.lookup_table import split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.binding.varying_values import VaryingCoefficients, VaryingNumber, VaryingWeighing
from gridgrad.requests.encode import InputKind, input_head
from gridgrad.requests.lowering import Shown
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.reduction import GivenPullback, GivenResiduals
from gridgrad.requests.request import Registered, Request
from gridgrad.requests.template_cache import RequestTemplate, plain_numbers
from gridgrad_core.errors import RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["BoundRequest"]

COTANGENT, DATA, WEIGHTS = "cotangent", "data", "weights"
"""Arrays that may vary beside inputs, as arguments are called."""


class BoundRequest:
    """What calls share that bring the numbers of some inputs and nothing else.

    Args:
        request: what is shared, with values of the shapes that the varying inputs have in each call.
        varying: the names of the inputs and coefficients whose numbers calls bring, and of arrays of data, weights and
            cotangents.

    Raises:
        RequestError: something in the request is wrong, or nothing of such a name can vary.

    Attributes:
        names: of what varies, in the order given.
    """

    def __init__(self, request: Request, varying: str | Iterable[str]) -> None:
        request = dataclasses.replace(request.settled(), inputs=unstacked(request.inputs))
        self.names = _names(varying)
        weighing = _weighing(request)
        _check_varying(self.names, request, weighing)
        self._weighing = {name: weighing[name] for name in self.names if name in weighing}
        self._request = request
        self._first = prepare(request)
        self._varying = {name: self._varied(name) for name in self.names}
        self._are_made_anew = self._needs_all()
        self._places = [place for varied in self._varying.values() for place in varied.places if place is not None]
        self._template = _bound(self._first.template, tuple(sorted(self._places)))
        self._plain = self._plain_kinds()

    @property
    def first(self) -> PreparedCall:
        """The call with the values that were given for their shapes."""
        return self._first

    @property
    def plan(self) -> pb.Plan | None:
        """What is to be compiled; None for a registered function, or for a reduction."""
        if isinstance(self._request.function, Registered) or self._request.reduce is not None:
            return None
        whole = pb.GridGradientRequest.FromString(self._first.whole)
        plan = pb.Plan(function=whole.function, derivatives=whole.derivatives, dtype=whole.dtype)
        for given in whole.inputs:
            plan.inputs.add(name=given.name, dims=given.dims, table=given.table if given.HasField("table") else None)
        return plan

    def call(self, given: Mapping[Any, Any]) -> PreparedCall:
        """A call with these numbers.

        Args:
            given: a value for each name that varies, of the shape that it was bound with.

        Raises:
            RequestError: a name is missing or does not vary, or a value is of another shape.
        """
        plain = plain_numbers(given, self._plain) if self._plain else None
        if plain is not None:
            numbers = list(self._first.numbers)
            for place, each in zip(self._places, plain, strict=True):
                numbers[place] = each
            request = self._request.on({**self._request.inputs, **given})
            return self._first._replace(request=request, template=self._template, numbers=tuple(numbers))
        return self._read(checked(unstacked(self.named(given))))

    def named(self, given: Any) -> Mapping[Any, Any]:
        """The same values, if they have names.

        Raises:
            RequestError: they have none, as an array of parameters has not.
        """
        if isinstance(given, Mapping):
            return given
        names = ", ".join(f"{name!r}: ..." for name in self.names)
        raise RequestError("inputs", f"a {type(given).__name__}", f"give each call names with values: {{{names}}}")

    def _read(self, given: Mapping[str, Any]) -> PreparedCall:
        """A call with numbers that are given in whatever way."""
        if given.keys() != self._varying.keys():
            self._refuse_names(given)
        first, numbers = self._first, list(self._first.numbers)
        shown: dict[str, Input] = {}
        for name, value in given.items():
            varied = self._varying[name]
            read = varied.read(value)
            for place, each in zip(varied.places, read, strict=True):
                if place is not None:
                    numbers[place] = each
            if first.lowered is not None:
                shown |= {each.name: each for each in varied.shown(read)}
        if self._are_made_anew:
            return prepare(self._with(given))
        call = first._replace(request=self._with(given), template=self._template, numbers=tuple(numbers))
        if first.lowered is None:
            return call
        inputs = tuple([shown.get(each.name, each) for each in first.lowered.inputs])
        return call._replace(lowered=Shown(inputs, first.lowered.stacks))

    def _needs_all(self) -> bool:
        """Whether each call is read as a whole: what varies is summed over, or moves the weights of a reduction."""
        summed = {each.name for each in self._first.summed}
        moves = any(isinstance(each, VaryingNumber) and each.kind.spec.dims for each in self._varying.values())
        return not summed.isdisjoint(self.names) or (self._request.weights is not None and moves)

    def _plain_kinds(self) -> list[InputKind]:
        """What all that varies is, if it consists of axes and numbers that are sent as they are given; else nothing."""
        kinds = [varied.kind for varied in self._varying.values() if isinstance(varied, VaryingNumber)]
        is_plain = len(kinds) == len(self._places) == len(self._varying) and self._first.lowered is None
        is_plain &= not self._are_made_anew
        return kinds if is_plain and all(spec.dims in ((), (spec.name,)) for spec, _ in kinds) else []

    def _varied(self, name: str) -> VaryingNumber | VaryingCoefficients | VaryingWeighing:
        """What varies by a name, and where it stands among what is sent: nowhere where the function does not use it."""
        template, arrays = self._first.template, self._request.coefficients or {}
        places = {spec.name: place for place, (spec, _) in enumerate(template.inputs)}
        if name in self._weighing:
            return self._weighed(name, places)
        if name not in arrays:
            (read,) = read_inputs({name: self._request.inputs[name]})
            return VaryingNumber(InputKind(read.spec, template.dtype), (places.get(name),))
        (array,) = read_coefficients({name: arrays[name]}, ())
        found = tuple([places.get(element) for element in array.elements])
        return VaryingCoefficients(name, array.values.shape, template.dtype, found)

    def _weighed(self, name: str, places: Mapping[str, int]) -> VaryingWeighing:
        """Data, weights or cotangents that vary, which travel as inputs of their own."""
        reduction = self._first.template.reduction
        assert reduction is not None, "something is made of the grid"  # noqa: S101 - narrows the type
        parts = {COTANGENT: slice(None), DATA: slice(1), WEIGHTS: slice(-1, None)}
        found = tuple([places[each] for each in reduction.added[parts[name]]])
        dims, values = split_dims(name, self._weighing[name])
        kinds = tuple([self._first.template.inputs[place] for place in found])
        return VaryingWeighing(name, dims, real_numbers(name, values).shape, kinds, found)

    def _with(self, given: Mapping[str, Any]) -> Request:
        """The request as it would be spelled with these values."""
        spelled = {name: self._varying[name].spelled(value) for name, value in given.items()}
        request = _with_weighing(self._request, {name: spelled.pop(name) for name in self._weighing})
        arrays = request.coefficients
        if not arrays:
            return request.on({**request.inputs, **spelled})
        inputs = {name: spelled.get(name, value) for name, value in request.inputs.items()}
        coefficients = {name: spelled.get(name, value) for name, value in arrays.items()}
        return dataclasses.replace(request, inputs=inputs, coefficients=coefficients)

    def _refuse_names(self, given: Mapping[str, Any]) -> None:
        listed = ", ".join(map(repr, self.names)) or "nothing"
        remedy = f"give what was bound to vary, {listed}, in each call, or bind anew"
        for name in given:
            if name not in self._varying:
                raise RequestError(f"inputs[{name!r}]", "it does not vary in this bound call", remedy)
        missing = next(name for name in self.names if name not in given)
        raise RequestError(f"inputs[{missing!r}]", "no value for it", remedy)


def _names(varying: Any) -> tuple[str, ...]:
    try:
        return (varying,) if isinstance(varying, str) else tuple(dict.fromkeys(varying))
    except TypeError:
        raise RequestError("varying", f"{varying!r}", 'name what varies: varying="a" or varying=["a", "b"]') from None


def _weighing(request: Request) -> dict[str, Any]:
    """Data, weights and cotangents that are numbers, by names that no input has."""
    made, found = request.reduce, {WEIGHTS: request.weights}
    if isinstance(made, GivenPullback):
        found[COTANGENT] = made.cotangent
    elif isinstance(made, GivenResiduals):
        found[DATA] = made.data
    others = {*request.inputs, *(request.coefficients or {})}
    return {name: value for name, value in found.items() if name not in others and not _is_text(value)}


def _is_text(weighing: Any) -> bool:
    """Whether weights are none, or expressions."""
    if isinstance(weighing, tuple) and len(weighing) > 0:
        return all(isinstance(each, str) for each in weighing)
    return weighing is None or isinstance(weighing, str | Mapping)


def _with_weighing(request: Request, weighing: Mapping[str, Any]) -> Request:
    if not weighing:
        return request
    made = request.reduce
    if isinstance(made, GivenPullback | GivenResiduals):
        made = made._replace(**{name: value for name, value in weighing.items() if name != WEIGHTS})
    return dataclasses.replace(request, reduce=made, weights=weighing.get(WEIGHTS, request.weights))


def _check_varying(names: Sequence[str], request: Request, weighing: Iterable[str]) -> None:
    plain, tables = split_tables(request.inputs)
    known = [*plain, *(request.coefficients or {}), *weighing]
    for name in names:
        if name not in known:
            is_table = any(name == each.name for each in tables)
            found = f"{name!r}, {'a table' if is_table else 'which is neither an input nor an array of coefficients'}"
            given = f"name some of {', '.join(map(repr, known))}, or give {name!r} too, with a value of its shape"
            remedy = "bind anew when a table changes" if is_table else given
            raise RequestError("varying", found, remedy)


def _bound(template: RequestTemplate, varying: tuple[int, ...]) -> RequestTemplate:
    """The same template for calls that bring the numbers of some inputs: as arrays of the dtype computed in."""
    weighing = template.reduction.added if template.reduction else ()
    kinds = tuple(
        [
            kind._replace(dtype=template.dtype) if place in varying and kind.spec.name not in weighing else kind
            for place, kind in enumerate(template.inputs)
        ]
    )
    return dataclasses.replace(
        template,
        inputs=kinds,
        input_heads=tuple(map(input_head, kinds)),
        input_bytes=sum(kind.nbytes for kind in kinds),
        varying=varying,
        response=None,
    )
