from __future__ import annotations

import math

from gridgrad_server.access.token_file import TokenEntry, digest_of
from gridgrad_server.access.tokens import Tokens


def entry(name: str, expires_at: float = math.inf, limits: tuple[str, ...] = ()) -> TokenEntry:
    return TokenEntry(name, ("call",), digest_of(f"token of {name}"), expires_at, limits)


def test_a_token_is_found_by_the_whole_of_it() -> None:
    tokens = Tokens()
    tokens.replace([entry("alice"), entry("bob")])
    assert len(tokens) == 2
    found = tokens.find("token of bob")
    assert found
    assert (found.principal, set(found.roles)) == ("bob", {"call"})
    assert tokens.find("token of eve") is None
    assert tokens.find("") is None


def test_two_digests_that_begin_the_same_are_told_apart() -> None:
    digest = digest_of("token")
    near = digest[:8] + bytes(24)
    tokens = Tokens()
    tokens.replace([TokenEntry("near", ("call",), near), TokenEntry("right", ("call",), digest)])
    found = tokens.find("token")
    assert found
    assert found.principal == "right"
    tokens.replace([TokenEntry("near", ("call",), near)])
    assert tokens.find("token") is None


def test_grants_live_as_long_as_their_lines_say_the_same() -> None:
    tokens = Tokens()
    tokens.replace([entry("alice"), entry("bob"), entry("carol")])
    before = {name: tokens.find(f"token of {name}") for name in ("alice", "bob", "carol")}
    tokens.replace([entry("alice", limits=("weight=2",)), entry("bob", expires_at=5.0)])
    assert tokens.find("token of alice") is before["alice"]
    assert tokens.find("token of carol") is None
    changed = tokens.find("token of bob")
    assert changed
    assert changed.expires_at == 5.0
    assert [bool(grant and grant.is_revoked) for grant in before.values()] == [False, True, True]
