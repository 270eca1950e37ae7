"""What a server says about itself, in plain Python."""

from __future__ import annotations

from typing import NamedTuple

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.parse import parse

__all__ = [
    "FunctionInput",
    "FunctionTable",
    "LanguageFunction",
    "Limits",
    "RegisteredFunction",
    "ServerInfo",
    "read_functions",
    "read_server_info",
]


class FunctionInput(NamedTuple):
    """An input of a registered function.

    Args:
        name: its name.
        default: the value taken when it is left out; None when it must be given.
        unit: such as "K"; may be empty.
    """

    name: str
    default: float | None
    unit: str


class FunctionTable(NamedTuple):
    """A table or an array that a formula of a server's files has, unless a request gives another one.

    Args:
        name: its name.
        arguments: how many it takes; 0 for an array.
        shape: of its values.
        method: how they are joined; "array" for an array.
        outside: what it is beyond the knots; empty for an array.
        digest: SHA-256, hex: another whenever its numbers are, or how they are joined.
    """

    name: str
    arguments: int
    shape: tuple[int, ...]
    method: str
    outside: str
    digest: str


class RegisteredFunction(NamedTuple):
    """A function registered at the server.

    Args:
        name: what `gridgrad.registered` takes.
        doc: what it computes.
        inputs: its inputs, in order.
        components: the names of its components; one unless it is a tuple.
        tuple_valued: whether results have a leading component dim.
        mode: "forward" or "reverse", how it is differentiated; "expression" for a formula of the server's files.
        checked: whether its derivatives were compared with finite differences before the server served.
        component_units: of each component, perhaps empty; none where all are.
        digest: of the text of a formula, as `result.info.digest`; empty for any other function.
        tables: that a formula calls, and arrays that it sums over.
        digest: of the text of a formula, or of `expression`, as `result.info.digest`; empty where torch computes it.
        expression: what a registered function was traced to, and is computed by; empty where torch computes it.
        expression_order: the highest order of derivatives that it computes; torch computes what has more.
        expression_in_float32: whether it computes float32 too.
        why_functional: why it is no expression; empty where it is one, and where none was looked for.
    """

    name: str
    doc: str
    inputs: tuple[FunctionInput, ...]
    components: tuple[str, ...]
    tuple_valued: bool
    mode: str
    checked: bool
    component_units: tuple[str, ...] = ()
    digest: str = ""
    tables: tuple[FunctionTable, ...] = ()
    expression: str = ""
    expression_order: int = 0
    expression_in_float32: bool = False
    why_functional: str = ""

    @property
    def units(self) -> dict[str, str]:
        """The units of its inputs and components by name; those without one are left out."""
        named = {each.name: each.unit for each in self.inputs if each.name not in self.components}
        named |= dict(zip(self.components, self.component_units, strict=False))
        return {name: unit for name, unit in named.items() if unit}


class LanguageFunction(NamedTuple):
    """A function of the expression language.

    Args:
        name: its name.
        signature: such as "hypot(x, y)".
        formula: what it is.
        aliases: its other names.
    """

    name: str
    signature: str
    formula: str
    aliases: tuple[str, ...]


class Limits(NamedTuple):
    """What one request may ask for.

    Args:
        request_cost: points times components times derivatives, the value counted as one; 0 for no limit.
        message_bytes: the length of a message.
        unary_result_bytes: the length of a result in one message; larger ones are streamed.
        inputs: how many inputs with dims.
        dims: how many dims of a grid.
        derivatives: how many derivatives, without the value.
        order: the order of a derivative.
        scalars: how many inputs without dims.
        kept_array_bytes: of arrays that are kept for all callers together; 0 where none are.
    """

    request_cost: int
    message_bytes: int
    unary_result_bytes: int
    inputs: int
    dims: int
    derivatives: int
    order: int
    scalars: int
    kept_array_bytes: int = 0


class ServerInfo(NamedTuple):
    """A server.

    Args:
        version: its version.
        devices: the device of each worker that is ready, such as "cpu" or "cuda:0"; `Client.server_status` has all.
        limits: what one request may ask for.
        language_functions: the functions of the expression language, by name.
        engine: the default engine for expressions.
        features: what it knows beyond version 0.1.0, by the names of the protocol; of older servers none.
    """

    version: str
    devices: tuple[str, ...]
    limits: Limits
    language_functions: tuple[LanguageFunction, ...]
    engine: str
    features: frozenset[str] = frozenset()


def read_functions(raw: bytes) -> tuple[RegisteredFunction, ...]:
    """Reads a ListFunctionsResponse."""
    return tuple(_registered(function) for function in parse(pb.ListFunctionsResponse(), raw).functions)


def read_server_info(raw: bytes) -> ServerInfo:
    """Reads a GetServerInfoResponse."""
    info = parse(pb.GetServerInfoResponse(), raw)
    return ServerInfo(
        info.version,
        tuple(info.devices),
        Limits(*(getattr(info.limits, field) for field in Limits._fields)),
        tuple(LanguageFunction(f.name, f.signature, f.formula, tuple(f.aliases)) for f in info.language_functions),
        info.engine,
        frozenset(info.features),
    )


def _registered(function: pb.RegisteredFunction) -> RegisteredFunction:
    inputs = tuple(FunctionInput(i.name, i.default if i.HasField("default") else None, i.unit) for i in function.inputs)
    return RegisteredFunction(
        function.name,
        function.doc,
        inputs,
        tuple(function.components),
        function.tuple_valued,
        function.mode,
        function.checked,
        tuple(function.component_units),
        function.digest,
        tuple(map(_table, function.tables)),
        function.expression,
        function.expression_order,
        function.expression_in_float32,
        function.why_functional,
    )


def _table(table: pb.FunctionTable) -> FunctionTable:
    return FunctionTable(table.name, table.arguments, tuple(table.shape), table.method, table.outside, table.digest)
