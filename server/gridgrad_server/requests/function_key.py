"""Plans: what the entries of a batch share, made once for each kind of request and kept.

The compatibility key of a request is its function, dtype, input names and dims, and derivatives;
never shapes or values. Requests that differ only in the spelling of the same key share a plan.
"""

from __future__ import annotations

import difflib
import functools
import itertools
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from gridgrad_core.errors import RequestError, UnknownFunctionError
from gridgrad_core.grid import Derivative, canonical
from gridgrad_core.lang.program.program import Program
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import DTYPES
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.decode import MAX_DERIVATIVES, Asked, too_many_derivatives
from gridgrad_server.requests.programs import Programs
from gridgrad_server.requests.throughput import Pace

__all__ = ["How", "Info", "Plan", "Plans"]

_MOST_PLANS = 1024
_PB_DTYPES = {"float32": pb.DTYPE_FLOAT32, "float64": pb.DTYPE_FLOAT64}

K = TypeVar("K")
V = TypeVar("V")

Registered = Mapping[str, wpb.RegisteredFunction]
PlanInput = tuple[str, tuple[str, ...]]


class Key(NamedTuple):
    """The compatibility key; `identity` is the digest of a program or the registered name."""

    kind: str
    identity: str
    components: tuple[str, ...]
    tuple_valued: bool
    dtype: str
    inputs: tuple[PlanInput, ...]
    derivatives: tuple[Derivative, ...]


class How(NamedTuple):
    """What computed a grid; see the message Info."""

    batch_size: int = 0
    engine: str = ""
    tier: str = ""
    device: str = ""

    def in_larger_batch(self, other: How) -> How:
        """The same with the larger of two batches."""
        return self if self.batch_size >= other.batch_size else self._replace(batch_size=other.batch_size)


class Info(NamedTuple):
    """How a grid was computed, and how long that took; see the message Info."""

    queue_s: float = 0.0
    compute_s: float = 0.0
    how: How = How()


class Plan:
    """A compatibility key with all that follows from it.

    Args:
        number: tells the plans of this server apart.
        key: the compatibility key.
        text: the expression, or the registered name.
        version: of the server, for the info of results.

    Attributes:
        pace: how quickly its grids are computed.
    """

    def __init__(self, number: int, key: Key, text: str, version: str) -> None:
        self.number = number
        self.key = key
        self.text = text
        self.planes = len(key.components) * (1 + len(key.derivatives))
        self.itemsize = DTYPES[key.dtype]
        self.digest = key.identity if key.kind == "expression" else ""
        self.pace = Pace()
        self._version = version

    @functools.cached_property
    def message(self) -> wpb.Plan:
        """The plan as the worker reads it."""
        names = [name for name, _ in self.key.inputs]
        wrts = [[names.index(name) for name in derivative] for derivative in ((), *self.key.derivatives)]
        plan = wpb.Plan(
            dtype=self.key.dtype,
            inputs=[wpb.PlanInput(name=name, dims=dims) for name, dims in self.key.inputs],
            derivatives=[wpb.PlanDerivative(wrt=wrt) for wrt in wrts],
        )
        setattr(plan, self.key.kind, self.text)
        return plan

    def header(self, shape: Sequence[int]) -> bytes:
        """The serialized ResultHeader of a result, all but its info."""
        dims = dict.fromkeys(dim for _, dims in self.key.inputs for dim in dims)
        return pb.ResultHeader(
            dims=list(dims),
            shape=shape,
            derivatives=[pb.Derivative(wrt=wrt) for wrt in self.key.derivatives],
            components=self.key.components,
            tuple_valued=self.key.tuple_valued,
            dtype=_PB_DTYPES[self.key.dtype],
        ).SerializeToString()

    def info(self, how: How) -> bytes:
        """The serialized Info of a result, all but its times."""
        return pb.Info(**how._asdict(), version=self._version, digest=self.digest).SerializeToString()


class Plans:
    """The plans of the requests seen last.

    Args:
        programs: parses expressions.
        version: of the server.
    """

    def __init__(self, programs: Programs, version: str) -> None:
        self._programs = programs
        self._version = version
        self._numbers = itertools.count(1)
        self._by_request: OrderedDict[Asked, Plan] = OrderedDict()
        self._by_key: OrderedDict[Key, Plan] = OrderedDict()
        self.registered: Registered = {}

    async def get(self, asked: Asked) -> Plan:
        """The plan of a request.

        Raises:
            RequestError: its function is none, or its inputs or derivatives do not fit the function.
        """
        plan = self._by_request.get(asked)
        if plan is None:
            plan = self._intern(await self._key(asked), asked.text)
            _keep(self._by_request, asked, plan)
        return plan

    def _intern(self, key: Key, text: str) -> Plan:
        plan = self._by_key.get(key) or Plan(next(self._numbers), key, text, self._version)
        _keep(self._by_key, key, plan)
        return plan

    async def _key(self, asked: Asked) -> Key:
        if asked.kind == "expression":
            program = await self._programs.get(asked.text, [name for name, _ in asked.inputs])
            identity, signature = program.digest, _signature(program)
        else:
            function = self._function(asked.text)
            identity, signature = function.name, _registered_signature(function)
        _check_inputs(signature, asked.inputs)
        derivatives = _derivatives(asked.derivatives, asked.inputs, signature)
        return Key(
            asked.kind, identity, signature.components, signature.tuple_valued, asked.dtype, asked.inputs, derivatives
        )

    def _function(self, name: str) -> wpb.RegisteredFunction:
        function = self.registered.get(name)
        if function is None:
            near = difflib.get_close_matches(name[:200], self.registered, n=3) or sorted(self.registered)[:10]
            remedy = f"use one of {', '.join(near)}" if near else "start the server with --functions MODULE"
            raise UnknownFunctionError("function.registered", f"no function {name!r} is registered here", remedy)
        return function


class _Signature(NamedTuple):
    """What a function takes and gives; `optional` inputs have defaults."""

    inputs: frozenset[str]
    optional: frozenset[str]
    components: tuple[str, ...]
    tuple_valued: bool


def _signature(program: Program) -> _Signature:
    return _Signature(frozenset(program.inputs), frozenset(), program.components, program.tuple_valued)


def _registered_signature(function: wpb.RegisteredFunction) -> _Signature:
    optional = frozenset(each.name for each in function.inputs if each.HasField("default"))
    inputs = frozenset(each.name for each in function.inputs)
    return _Signature(inputs, optional, tuple(function.components), function.tuple_valued)


def _check_inputs(signature: _Signature, inputs: tuple[PlanInput, ...]) -> None:
    given = [name for name, _ in inputs]
    missing = sorted(signature.inputs - signature.optional - set(given))
    if missing:
        raise RequestError(
            "inputs",
            f"no {', '.join(map(repr, missing))} among the inputs {', '.join(given) or '(none)'}, "
            "though the function uses it",
            f"add an input named {missing[0]!r}, or mend its name in the function",
        )
    for position, (name, dims) in enumerate(inputs):
        if name not in signature.inputs and dims != (name,):
            raise RequestError(
                f"inputs[{position}].name",
                f"{name!r}, which the function does not use",
                f"leave it out, or use one of {', '.join(sorted(signature.inputs)) or '(it uses none)'}",
            )


def _derivatives(
    listed: Sequence[tuple[str, ...]], inputs: tuple[PlanInput, ...], signature: _Signature
) -> tuple[Derivative, ...]:
    names = [name for name, _ in inputs]
    for position, derivative in enumerate(listed):
        left_out = signature.optional.intersection(derivative).difference(names)
        if left_out:
            raise RequestError(
                f"derivatives[{position}]",
                f"a derivative with respect to {min(left_out)!r}, which is left at its default",
                f"give {min(left_out)!r} as an input too",
            )
    distinct = tuple(dict.fromkeys(canonical(derivative, names) for derivative in listed))
    if len(distinct) > MAX_DERIVATIVES:
        raise too_many_derivatives(len(distinct))
    return distinct


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _MOST_PLANS:
        kept.popitem(last=False)
