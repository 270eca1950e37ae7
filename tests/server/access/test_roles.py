from __future__ import annotations

from gridgrad_server.access.grants import Grant
from gridgrad_server.access.roles import PrincipalRoles
from gridgrad_server.access.token_file import TokenEntry


def test_who_has_no_line_may_call() -> None:
    roles = PrincipalRoles()
    roles.replace([TokenEntry("probe", ("metrics",), b""), TokenEntry("alice", ("admin",), bytes(32))])
    assert roles.of("probe") == {"metrics"}
    assert roles.of("alice") == {"call"}, "that line is of a token"
    assert roles.are_those_of(Grant("probe", ["metrics"]))
    assert not roles.are_those_of(Grant("probe", ["call"]))
