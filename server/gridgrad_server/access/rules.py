"""Rules: which roles each method needs, and each thing that a message of a session may do.

What has no rule is denied to everyone. A test walks the schemas of all that is served, so that what is added there
without a rule fails.
"""

from __future__ import annotations

from gridgrad_core.wire import methods
from gridgrad_server.access.grants import ADMIN, CALL, METRICS

__all__ = ["ANYONE", "METRICS_RULE", "NOBODY", "RULES", "SESSION_RULES", "Rule", "rule_of"]

Rule = frozenset[str]
"""The roles of which one is needed."""

ANYONE: Rule = frozenset({"anyone"})
"""Open to callers without credentials too."""
NOBODY: Rule = frozenset()
"""Not even an admin: what has no rule."""
_CALLERS: Rule = frozenset({CALL})
_ALL: Rule = frozenset({CALL, ADMIN, METRICS})
METRICS_RULE: Rule = frozenset({METRICS})
"""Of the port of metrics."""

SESSION_RULES: dict[str, Rule] = {
    "token": _CALLERS,
    "id": _CALLERS,
    "timeout_s": _CALLERS,
    "released": _CALLERS,
    "cancel": _CALLERS,
    "lane_slots": _CALLERS,
    "pack": _CALLERS,
    "request": _CALLERS,
}
"""By the field of SessionRequest."""

_HEALTH, _REFLECTION = "/grpc.health.v1.Health", "ServerReflection/ServerReflectionInfo"

RULES: dict[str, Rule] = {
    methods.GRID_GRADIENT.path: _CALLERS,
    methods.STREAM_GRID_GRADIENTS.path: _CALLERS,
    methods.LIST_FUNCTIONS.path: _CALLERS,
    methods.SERVER_INFO.path: _ALL,
    methods.SERVER_STATUS.path: _ALL,
    methods.PREPARE.path: _CALLERS,
    methods.EXPLAIN.path: _CALLERS,
    # Whoever has a session may send all that its messages can say
    methods.OPEN_SESSION.path: frozenset.intersection(*SESSION_RULES.values()),
    f"{_HEALTH}/Check": ANYONE,
    f"{_HEALTH}/Watch": ANYONE,
    f"{_HEALTH}/List": ANYONE,
    f"/grpc.reflection.v1alpha.{_REFLECTION}": _ALL,
    f"/grpc.reflection.v1.{_REFLECTION}": _ALL,
    methods.DRAIN.path: frozenset({ADMIN}),
}
"""By the path of the method."""


def rule_of(path: str, *, closed_health: bool = False) -> Rule:
    """The rule of a method.

    Args:
        path: of the method, as gRPC has it.
        closed_health: whether the health service needs credentials too, of any role.
    """
    rule = RULES.get(path, NOBODY)
    return _ALL if rule is ANYONE and closed_health else rule
