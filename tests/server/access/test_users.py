"""Users of this machine as principals."""

from __future__ import annotations

from gridgrad_server.access.token_file import TokenEntry
from gridgrad_server.access.users import Users


def entry(name: str, user: int | None, *roles: str) -> TokenEntry:
    return TokenEntry(name, roles or ("call",), b"", user=user)


def test_who_is_named_is_a_principal_until_he_is_not() -> None:
    users = Users()
    users.replace([entry("solver", 1000), entry("boss", 0, "admin"), entry("web", None)])
    solver, boss = users.find(1000), users.find(0)
    assert solver is not None
    assert boss is not None
    assert (solver.principal, boss.principal, users.find(1)) == ("solver", "boss", None)
    assert boss.allows(frozenset({"metrics"}))
    users.replace([entry("solver", 1000)._replace(limits=("weight=2",)), entry("boss", 0)])
    assert users.find(1000) is solver, "limits are no access"
    assert boss.is_revoked, "he may do something else now"
    assert not solver.is_revoked
    users.replace([entry("other", 1000)])
    assert solver.is_revoked
