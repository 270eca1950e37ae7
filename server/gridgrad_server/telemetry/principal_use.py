"""What principals take, as a status says it: of a bounded number of them each for itself, of the others together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.access.grants import ADMIN, METRICS, Grant
from gridgrad_server.access.quotas import Account, Quotas

__all__ = ["MOST_SHOWN", "OTHERS", "principal_use"]

MOST_SHOWN = 64
"""The first that came: so each keeps its row, and its label in the metrics."""

OTHERS = "(others)"

_SEES_ALL = frozenset({ADMIN, METRICS})


def principal_use(
    quotas: Quotas, sessions: Mapping[str, int], array_bytes: Callable[[str], int], viewer: Grant | None
) -> list[pb.PrincipalUse]:
    """The rows of a status.

    Args:
        quotas: have the accounts.
        sessions: how many each account has open.
        array_bytes: how many bytes of arrays are kept for an account.
        viewer: who asks; one with neither of the roles admin and metrics sees himself alone. None for the metrics.
    """
    rows: dict[str, pb.PrincipalUse] = {}
    for name, account in quotas.principals():
        if viewer is None or viewer.allows(_SEES_ALL) or viewer.principal == name:
            shown = name if len(rows) < MOST_SHOWN else OTHERS
            row = rows.setdefault(shown, pb.PrincipalUse(principal=shown))
            _add(row, account, sessions.get(f"@{name}", 0))
            row.kept_array_bytes += array_bytes(f"@{name}")
    return list(rows.values())


def _add(row: pb.PrincipalUse, account: Account, sessions: int) -> None:
    if row.principal != OTHERS:
        row.weight = account.limits.weight
    row.requests += account.requests
    row.held_bytes += account.held_bytes
    row.sessions += sessions
    row.total_requests += account.total_requests
    row.total_cost += account.total_cost
    row.refused += account.refused
