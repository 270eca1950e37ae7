from __future__ import annotations

import pytest

from gridgrad_server.access.grants import Grant
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.telemetry.principal_use import MOST_SHOWN, OTHERS, principal_use


@pytest.fixture
def quotas() -> Quotas:
    made = Quotas()
    made.replace({"alice": ("weight=2", "requests=1")})
    for name in ("alice", "bob"):
        made.account(f"@{name} 1").hold(1, 100)
        made.account(f"@{name} 2").spend(30)
    made.account("ipv4:10.0.0.1 1").hold(1, 100)
    return made


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [
        (None, ["alice", "bob"]),
        (Grant("root", ["admin"]), ["alice", "bob"]),
        (Grant("scraper", ["metrics"]), ["alice", "bob"]),
        (Grant("bob", ["call"]), ["bob"]),
        (Grant("carol", ["call"]), []),
    ],
)
def test_who_sees_whom(quotas: Quotas, viewer: Grant | None, seen: list[str]) -> None:
    assert [row.principal for row in principal_use(quotas, {}, lambda _: 0, viewer)] == seen


def test_what_a_row_says(quotas: Quotas) -> None:
    with pytest.raises(ConnectionError):
        quotas.account("@alice 1").check_room(1, 1)
    row = principal_use(quotas, {"@alice": 3}, {"@alice": 7, "@bob": 0}.__getitem__, None)[0]
    assert (row.weight, row.requests, row.held_bytes, row.sessions, row.kept_array_bytes) == (2, 1, 100, 3, 7)
    assert (row.total_requests, row.total_cost, row.refused) == (1, 30, 1)


def test_rows_are_bounded_and_the_first_keep_theirs() -> None:
    quotas = Quotas()
    for number in range(MOST_SHOWN + 10):
        quotas.account(f"@p{number} 1").spend(2)
    rows = principal_use(quotas, {}, lambda _: 1, None)
    assert [row.principal for row in rows] == [*(f"p{number}" for number in range(MOST_SHOWN)), OTHERS]
    assert (rows[-1].total_requests, rows[-1].total_cost, rows[-1].kept_array_bytes) == (10, 20, 10)
