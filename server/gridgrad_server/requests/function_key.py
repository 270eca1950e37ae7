"""Function keys: what the requests of a batch share, made once for each kind of request and kept.

The compatibility key of a request is its function, dtype, input names and dims, and derivatives; never shapes or
values. Requests that only spell the same key in different ways share one `FunctionKey`, and can go in one batch.
"""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.errors import ExpressionError, UnknownFunctionError
from gridgrad_core.grid import MAX_DERIVATIVES, MAX_ELEMENT_INPUTS, Derivative
from gridgrad_core.lang.functions.table import FOLDS, SOLVE
from gridgrad_core.lang.library.library_table import needs_library
from gridgrad_core.lang.local.local_operation import ROUNDS
from gridgrad_core.shared_cache import SharedCache
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import ITEM_BYTES, RESULT_DTYPES
from gridgrad_core.wire.table_specs import plan_table
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.access.quotas import Quotas, owner_of
from gridgrad_server.deriving.programs import ParsedText, Programs
from gridgrad_server.reductions.reduction import (
    STATES_DIMS,
    Reduction,
    Stage,
    check_pairs,
    check_pullback,
    check_weights,
    plan_reduction,
)
from gridgrad_server.requests.decoded import DecodedFunction, DecodedTable
from gridgrad_server.requests.result_info import ComputedBy
from gridgrad_server.requests.signature import (
    NamedDims,
    check_inputs,
    check_no_tables,
    check_tables,
    distinct_derivatives,
    signature_of_program,
    signature_of_registered,
)
from gridgrad_server.requests.throughput import Throughput

__all__ = ["CompatibilityKey", "FunctionKey", "FunctionKeys", "weight_of"]

_MOST_KEYS = 1024

_PULLBACK_COST = 4
"""Of a point of a pull-back, in planes: about as often as its value it is computed, by however many inputs it is."""

_BYTES_PER_WEIGHT = 1 << 17
"""Of tables, that count as much as a function key: 128 MiB in all."""

RegisteredFunctions = Mapping[str, wpb.RegisteredFunction]


class CompatibilityKey(NamedTuple):
    """What requests have in common that can be computed together.

    Args:
        kind: "expression" or "registered".
        identity: the digest of the program, or the registered name.
        components: the names of what the function gives.
        tuple_valued: whether that is a tuple.
        dtype: the name of the dtype to compute in.
        inputs: the name and the dims of each input, in the request's order.
        derivatives: each once, in canonical order.
        tables: that an expression calls.
        reduction: what is made of the grid; None for the grid itself.
    """

    kind: str
    identity: str
    components: tuple[str, ...]
    tuple_valued: bool
    dtype: str
    inputs: tuple[NamedDims, ...]
    derivatives: tuple[Derivative, ...]
    tables: tuple[DecodedTable, ...] = ()
    reduction: Reduction | None = None

    @property
    def dims(self) -> tuple[str, ...]:
        """Those of the grid."""
        return tuple(dict.fromkeys(dim for _, dims in self.inputs for dim in dims))


class FunctionKey:
    """A compatibility key with a number and all that follows from it.

    Args:
        number: tells the keys of this server apart, in messages to workers too.
        key: the compatibility key.
        text: the expression, canonical, or the registered name.
        version: of the server, for the info of results.
        operations: that an expression has.
        units: names of inputs and components with their units, where the function says them.
        quotas: say how much compiled code of its caller is kept; None for no limit.

    Attributes:
        planes: of a result: the value and the derivatives of each component, or what is kept of these.
        computed_planes: what a point costs that is computed for it.
        is_combined: whether it is made of what is kept of segments.
        itemsize: of a number, in bytes.
        digest: of the program; empty for a registered function.
        derived_operations: about how many an expression has with all derivatives, those on the way to them included.
        throughput: how quickly its grids are computed.
        derived: the serialized DerivedPlan of an expression, where a helper has made it.
        caller: who asked for it last.
        needs_library: whether it is computed with the library of special functions.
        weight: as how many function keys it counts where they are kept: tables take memory.
    """

    def __init__(
        self,
        number: int,
        key: CompatibilityKey,
        text: str,
        version: str,
        operations: int = 1,
        units: Sequence[tuple[str, str]] = (),
        quotas: Quotas | None = None,
    ) -> None:
        self.number = number
        self.key = key
        self.text = text
        self.planes = self.computed_planes = len(key.components) * (1 + len(key.derivatives))
        self.is_combined = False
        if key.reduction:
            states, stage = key.reduction.states(self.planes), key.reduction.stage
            self.is_combined = stage == "combined"
            self.computed_planes = states if self.is_combined else self.planes
            if key.reduction.is_pullback and not self.is_combined:
                self.computed_planes = _PULLBACK_COST * len(key.components)
            is_of_sums = stage == "partial" or key.reduction.residuals or key.reduction.is_pullback
            self.planes = states if is_of_sums else self.planes
        self._result_dtype = (key.reduction and key.reduction.dtype) or key.dtype
        self.itemsize = ITEM_BYTES[self._result_dtype]
        self.operations = operations
        self.derived = b""
        self.weight = 1 + sum(table.nbytes for table in key.tables) // _BYTES_PER_WEIGHT
        self.digest = key.identity if key.kind == "expression" else ""
        derived = _PULLBACK_COST if self.is_pullback else 1 + len(_needed(key.derivatives))
        self.derived_operations = operations * derived
        known = operations if key.kind == "expression" else None
        self.throughput = (
            Throughput() if self.is_combined else Throughput(known, self.derived_operations, self.computed_planes)
        )
        self.caller = ""
        self.needs_library = key.kind == "expression" and any(map(needs_library, self._texts))
        self._version = version
        self._quotas = quotas
        self.units = units

    @property
    def _texts(self) -> Iterator[str]:
        """What is computed."""
        yield self.text
        if self.key.reduction:
            yield self.key.reduction.weights
        if self.key.reduction and self.key.reduction.residuals:
            yield self.key.reduction.residuals.data

    @property
    def is_pullback(self) -> bool:
        """Whether it is a sum over a grid with its gradient."""
        return self.key.reduction is not None and self.key.reduction.is_pullback

    @property
    def is_at_hand(self) -> bool:
        """Whether a worker can be told of it: the numbers of its tables are there, as while a request holds them."""
        return all(table.is_at_hand for table in self.key.tables)

    @property
    def message(self) -> wpb.Plan:
        """The plan that a worker makes of it, whose tables are at hand."""
        plan = self.plan
        if self.is_combined:
            return plan
        plan.derived = self.derived
        plan.owner = owner_of(self.caller)
        most = self._quotas.cache_bytes_of(plan.owner) if self._quotas else math.inf
        plan.owner_cache_bytes = 0 if most == math.inf else max(1, int(most))
        for table, given in zip(plan.tables, self.key.tables, strict=True):
            table.table, table.digest = given.message, given.digest
        return plan

    @property
    def plan(self) -> wpb.Plan:
        """What is to be computed, in words: tables without their numbers."""
        if self.is_combined:
            return self._combining
        names = [name for name, _ in self.key.inputs]
        wrts = [[names.index(name) for name in derivative] for derivative in ((), *self.key.derivatives)]
        plan = wpb.Plan(
            dtype=self.key.dtype,
            inputs=[wpb.PlanInput(name=name, dims=dims) for name, dims in self.key.inputs],
            derivatives=[wpb.PlanDerivative(wrt=wrt) for wrt in wrts],
            tables=[plan_table(table.spec) for table in self.key.tables],
        )
        setattr(plan, self.key.kind, self.text)
        if self.key.reduction:
            plan.reduction.CopyFrom(plan_reduction(self.key.reduction, self.key.dims, self.planes))
        return plan

    @property
    def _combining(self) -> wpb.Plan:
        """The plan that puts together what is kept of segments."""
        reduction, dims = self.key.reduction, self.key.dims
        assert reduction, "it is combined"  # noqa: S101 - narrows the type
        states = wpb.PlanInput(name=STATES_DIMS[0], dims=(*STATES_DIMS, *reduction.left(dims)))
        made = plan_reduction(reduction, dims, self.planes)
        return wpb.Plan(dtype=self.key.dtype, inputs=[states], reduction=made)

    def header(self, shape: Sequence[int]) -> bytes:
        """The serialized ResultHeader of a result, all but its info."""
        dims = self.key.reduction.left(self.key.dims) if self.key.reduction else self.key.dims
        components, derivatives = self.key.components, self.key.derivatives
        if is_of_pairs := bool(self.key.reduction and self.key.reduction.residuals):
            components, derivatives = tuple(_names_of_sums([name for (name,) in derivatives])), ()
        elif self.is_pullback:
            components, derivatives = ("f",), ()
        return pb.ResultHeader(
            dims=dims,
            shape=shape,
            derivatives=[pb.Derivative(wrt=wrt) for wrt in derivatives],
            components=components,
            tuple_valued=(self.key.tuple_valued and not self.is_pullback) or is_of_pairs,
            dtype=RESULT_DTYPES[self._result_dtype],
            units=self.named_units(self.units),
        ).SerializeToString()

    def named_units(self, units: Sequence[tuple[str, str]]) -> list[pb.NamedUnit]:
        """Those units that are of its inputs and components."""
        named = {*self.key.components, *(name for name, _ in self.key.inputs)}
        return [pb.NamedUnit(name=name, unit=unit) for name, unit in units if name in named]

    def info(self, computed_by: ComputedBy) -> bytes:
        """The serialized Info of a result, all but its times."""
        solves = self.key.kind == "expression" and any(f"{each.name}(" in self.text for each in (SOLVE, *FOLDS))
        found = pb.Info(**computed_by._asdict(), version=self._version, digest=self.digest, solves=solves)
        return found.SerializeToString()


def weight_of(function: FunctionKey) -> int:
    """As how many a function key counts where they are kept."""
    return function.weight


class FunctionKeys:
    """The function keys of the requests seen last.

    Args:
        programs: parses expressions.
        version: of the server.
        quotas: say how much compiled code of each caller is kept; None for no limit.

    Attributes:
        registered: the functions that workers have registered, by name.
        refused: why they do not serve other models, by name.
        formulas: the names of formulas, to propose where a name is unknown.
    """

    def __init__(self, programs: Programs, version: str, quotas: Quotas | None = None) -> None:
        self._programs = programs
        self._version = version
        self._quotas = quotas
        self._numbers = itertools.count(1)
        self._by_spelling: SharedCache[DecodedFunction, FunctionKey] = SharedCache(_MOST_KEYS, weight_of)
        self._by_key: SharedCache[CompatibilityKey, FunctionKey] = SharedCache(_MOST_KEYS, weight_of)
        self.registered: RegisteredFunctions = {}
        self.refused: Mapping[str, str] = {}
        self.formulas: Collection[str] = ()

    async def get(self, spelled: DecodedFunction, caller: str = "") -> FunctionKey:
        """The key of a function as a request of a caller spells it.

        Args:
            spelled: the function.
            caller: who asks for it.

        Raises:
            RequestError: it is no function, or its inputs or derivatives do not fit the function.
        """
        function = self._by_spelling.get(spelled, caller)
        if function is None:
            function = await self._find(spelled, caller)
            self._by_spelling.put(spelled, function, caller)
        return function

    async def _find(self, spelled: DecodedFunction, caller: str) -> FunctionKey:
        text, operations = spelled.text, 1
        called: tuple[str, ...] = ()
        if spelled.kind == "expression":
            specs = tuple([table.spec for table in spelled.tables])
            parsed = await self._programs.get(text, [name for name, _ in spelled.inputs], caller, specs)
            called = parsed.called
            identity, signature = parsed.digest, signature_of_program(parsed)
            longest = max([table.length for table in spelled.tables], default=0)
            text, operations = parsed.text, parsed.operations * max(1, -(-longest // ROUNDS))
        else:
            function = self._function(spelled.text)
            check_no_tables([table.spec for table in spelled.tables])
            identity, signature = function.name, signature_of_registered(function)
        reduction, weighing, weights, beside = await self._weighed(spelled, caller)
        check_tables([table.spec for table in spelled.tables], {*called, *beside})
        check_inputs(signature, spelled.inputs, weighing, ignore_unused=spelled.ignore_unused)
        if reduction and reduction.residuals:
            check_pairs(len(signature.components), spelled.derivatives, spelled.inputs, reduction)
        most = MAX_DERIVATIVES
        if reduction and reduction.is_pullback:
            check_pullback(len(signature.components), spelled.derivatives, signature.inputs, weights)
            most = MAX_ELEMENT_INPUTS
        derivatives = distinct_derivatives(spelled.derivatives, spelled.inputs, signature, weighing, most)
        key = CompatibilityKey(
            spelled.kind,
            identity,
            signature.components,
            signature.tuple_valued,
            spelled.dtype,
            spelled.inputs,
            derivatives,
            spelled.tables,
            reduction,
        )
        return self._keyed(key, text, operations, signature.units, caller)

    async def _weighed(
        self, spelled: DecodedFunction, caller: str
    ) -> tuple[Reduction | None, frozenset[str], ParsedText | None, frozenset[str]]:
        """What is made of the grid with canonical texts of weights and data, the inputs of these, the weights, and the
        tables that are called there."""
        reduction, weights = spelled.reduction, None
        if reduction is None:
            return None, frozenset(), None, frozenset()
        used, called = set[str](), set[str]()
        if reduction.weights:
            weights = await self._beside(reduction, "weights", reduction.weights, spelled, caller)
            reduction = reduction._replace(weights=weights.text)
            used.update(weights.inputs)
            called.update(weights.called)
        if reduction.residuals:
            data = await self._beside(reduction, "data", reduction.residuals.data, spelled, caller)
            reduction = reduction._replace(residuals=reduction.residuals._replace(data=data.text))
            used.update(data.inputs)
            called.update(data.called)
        return reduction, frozenset(used), weights, frozenset(called)

    async def _beside(
        self, reduction: Reduction, field: str, text: str, spelled: DecodedFunction, caller: str
    ) -> ParsedText:
        """Weights or data, parsed and checked."""
        specs = tuple([table.spec for table in spelled.tables])
        try:
            parsed = await self._programs.get(text, [name for name, _ in spelled.inputs], caller, specs)
        except ExpressionError as error:
            raise ExpressionError(f"reduction.{field}", error.found, error.remedy) from None
        check_weights(reduction, field, parsed, spelled.inputs)
        return parsed

    def staged(self, function: FunctionKey, stage: Stage, segment_blocks: int, caller: str) -> FunctionKey:
        """The key of a stage in which what a function makes of a grid is computed.

        Args:
            function: makes something of it.
            stage: "partial" or "combined".
            segment_blocks: how many blocks a segment has.
            caller: who asks for it.
        """
        reduction = function.key.reduction
        assert reduction, "it makes something of a grid"  # noqa: S101 - narrows the type
        key = function.key._replace(reduction=reduction._replace(stage=stage, segment_blocks=segment_blocks))
        return self._keyed(key, function.text, function.operations, function.units, caller)

    def _keyed(
        self, key: CompatibilityKey, text: str, operations: int, units: Sequence[tuple[str, str]], caller: str
    ) -> FunctionKey:
        found = self._by_key.get(key, caller)
        if found is None:
            found = FunctionKey(next(self._numbers), key, text, self._version, operations, units, self._quotas)
            self._by_key.put(key, found, caller)
        return found

    def why_functional(self, spelled: DecodedFunction) -> str:
        """Why torch computes a registered function, and not the expression that it may be.

        Raises:
            UnknownFunctionError: there is no such function.
        """
        function = self._function(spelled.text)
        if not function.expression:
            return f"which is no expression: {function.why_functional or 'this server looks for no expressions'}"
        dtypes = "" if function.expression_in_float32 else " in float64"
        return f"which is an expression to order {function.expression_order}{dtypes}, and else computed by torch"

    def _function(self, name: str) -> wpb.RegisteredFunction:
        function = self.registered.get(name)
        if function is None and name in self.refused:
            found = f"the model {name!r} is not served: {self.refused[name]}"
            raise UnknownFunctionError("function.registered", found, "whoever runs the server can mend it and restart")
        if function is None:
            names = sorted({*self.registered, *self.formulas})
            near = difflib.get_close_matches(name[:200], names, n=3) or names[:10]
            remedy = f"use one of {', '.join(near)}" if near else "start the server with --functions or --expressions"
            raise UnknownFunctionError("function.registered", f"no function {name!r} is registered here", remedy)
        return function


def _names_of_sums(parameters: Sequence[str]) -> Iterator[str]:
    """What the sums of least squares are called."""
    yield "rss"
    yield from (f"gradient_{name}" for name in parameters)
    yield from (f"normal_{a}_{b}" for a, b in itertools.combinations_with_replacement(parameters, 2))
    yield "n"


def _needed(derivatives: Sequence[Derivative]) -> set[Derivative]:
    """Those that are derived for the ones that are asked for: x and y x for the derivative by y x."""
    return {each[start:] for each in derivatives for start in range(len(each))}
