"""What the server says of itself and of functions, as the messages that answer introspection calls."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence

from gridgrad_core.grid import MAX_DERIVATIVES, MAX_DIMS, MAX_INPUTS, MAX_ORDER, MAX_SCALARS
from gridgrad_core.lang.functions.table import EXPANDED, FUNCTIONS
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.features import FEATURES
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.requests.function_key import FunctionKey

__all__ = ["explained", "functions", "prepared", "server"]


def functions(ready: wpb.Ready | None, formulas: Iterable[pb.RegisteredFunction] = ()) -> pb.ListFunctionsResponse:
    """The registered functions and formulas, sorted by name; none of the former before a worker is ready."""
    # The two messages of a function have the same fields on purpose
    raw = [each.SerializeToString() for each in ready.functions] if ready else []
    found = [(each.name, each) for each in (*map(pb.RegisteredFunction.FromString, raw), *formulas)]
    return pb.ListFunctionsResponse(functions=[each for _, each in sorted(found, key=operator.itemgetter(0))])


def server(version: str, devices: Sequence[str], settings: ServerSettings) -> pb.GetServerInfoResponse:
    """What the server is and what it accepts."""
    return pb.GetServerInfoResponse(
        version=version,
        devices=devices,
        limits=_limits(settings),
        language_functions=_language(),
        engine=settings.engine,
        features=sorted(FEATURES),
    )


def _limits(settings: ServerSettings) -> pb.Limits:
    return pb.Limits(
        request_cost=settings.request_cost or 0,
        message_bytes=settings.message_bytes,
        unary_result_bytes=settings.unary_result_bytes,
        inputs=MAX_INPUTS,
        dims=MAX_DIMS,
        derivatives=MAX_DERIVATIVES,
        order=MAX_ORDER,
        scalars=MAX_SCALARS,
        kept_array_bytes=settings.array_bytes,
    )


def _language() -> list[pb.LanguageFunction]:
    """The functions of the language, sorted by name."""
    return [
        pb.LanguageFunction(
            name=each.name,
            signature=f"{each.name}({', '.join(each.params)}{', ...' if each.variadic else ''})",
            formula=each.formula,
            aliases=each.aliases,
        )
        for each in sorted((*FUNCTIONS.values(), *EXPANDED), key=lambda each: each.name)
        if each.group != "operator"
    ]


def prepared(function: FunctionKey, state: wpb.PlanState, took_s: float) -> pb.PrepareResponse:
    """What a function is computed in from now on."""
    tier, reason = _tier(state)
    return pb.PrepareResponse(engine=state.engine, tier=tier, reason=reason, digest=function.digest, took_s=took_s)


def explained(function: FunctionKey, explanation: wpb.Explanation, state: wpb.PlanState) -> pb.ExplainResponse:
    """How a function is computed."""
    tier, reason = _tier(state)
    return pb.ExplainResponse(
        digest=function.digest,
        program=explanation.program,
        derived=explanation.derived,
        separated=explanation.separated,
        levels=[pb.LevelOperations(dims=on.dims, before=on.before, after=on.after) for on in explanation.levels],
        ranks=explanation.ranks,
        operations_written=explanation.written,
        operations_hoisted=explanation.hoisted,
        operations_left=explanation.left,
        engine=state.engine,
        tier=tier,
        reason=reason,
    )


def _tier(state: wpb.PlanState) -> tuple[str, str]:
    """What a function is computed in now, and why that is not compiled code."""
    if state.compiled == "ready":
        return "compiled", ""
    tier = "direct" if state.engine == "structured" else ""
    return tier, state.why or "it is compiled once it is hot, or prepared"
