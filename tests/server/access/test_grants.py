from __future__ import annotations

import pytest

from gridgrad_server.access.grants import ADMIN, CALL, METRICS, Grant

CALLERS = frozenset({CALL})


@pytest.mark.parametrize(("role", "allowed"), [(CALL, True), (ADMIN, True), (METRICS, False)])
def test_a_role_allows_what_names_it_and_admin_all(role: str, allowed: bool) -> None:
    assert Grant("alice", [role]).allows(CALLERS) is allowed


def test_a_grant_ends_by_its_time_or_when_it_is_revoked() -> None:
    grant = Grant("alice", [CALL], expires_at=100.0)
    assert grant.is_valid(99.9)
    assert not grant.is_valid(100.0)
    grant.is_revoked = True
    assert not grant.is_valid(0.0)


def test_a_grant_of_several_credentials_ends_with_each() -> None:
    token, certificate = Grant("alice", [CALL]), Grant("alice", [METRICS], expires_at=100.0)
    both = Grant("alice", [CALL, METRICS], of=(token, certificate))
    assert both.is_valid(50.0)
    assert not both.is_valid(100.0)
    token.is_revoked = True
    assert not both.is_valid(50.0)
