from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_core.errors import ForbiddenError, RefusedError
from gridgrad_server.access.access_control import AccessControl, Credentials, check_allowed, check_valid, unknown_token
from gridgrad_server.access.grants import ADMIN, CALL, METRICS, Grant
from gridgrad_server.access.rules import METRICS_RULE, NOBODY
from gridgrad_server.access.token_file import TokenEntry, digest_of, edited
from gridgrad_server.config.settings import ServerSettings


@pytest.fixture
def access(tmp_path: Path) -> AccessControl:
    with edited(tmp_path / "tokens") as file:
        file.add(TokenEntry("alice", (CALL,), digest_of("right")))
        file.add(TokenEntry("bob", (CALL,), digest_of("old"), expires_at=1.0))
    return AccessControl(ServerSettings(auth_tokens=tmp_path / "tokens"))


@pytest.mark.parametrize("header", ["Bearer right", "bearer right", "BEARER  right ", b"Bearer right"])
def test_a_token_in_its_header(access: AccessControl, header: str | bytes) -> None:
    grant = access.grant_of(Credentials([header]))
    assert grant
    assert grant.principal == "alice"


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer right2", "Bearer \xe9", b"Bearer \xff", "Bearer righ"])
def test_a_token_that_is_not_known(access: AccessControl, header: str | bytes) -> None:
    assert access.grant_of(Credentials([header])) is None
    assert "not known" in unknown_token().found


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], "no token"),
        (["Bearer right", "Bearer right"], "several"),
        (["Basic right"], "no bearer token"),
        (["Bearer"], "no bearer token"),
        (["right"], "no bearer token"),
        (["Bearer old"], "have expired"),
    ],
)
def test_what_is_refused_at_once(access: AccessControl, headers: list[str], found: str) -> None:
    with pytest.raises(RefusedError, match=found) as refused:
        access.grant_of(Credentials(headers))
    assert refused.value.remedy
    assert "right" not in str(refused.value).replace("right;", "")


def test_reading_again_revokes_what_is_gone(access: AccessControl, tmp_path: Path) -> None:
    grant = access.grant_of(Credentials(["Bearer right"]))
    assert grant
    check_valid(grant)
    with edited(tmp_path / "tokens") as file:
        file.remove(file.entries[:1])
    access.take(access.read())
    assert len(access) == 1
    assert access.grant_of(Credentials(["Bearer right"])) is None
    with pytest.raises(RefusedError, match="revoked"):
        check_valid(grant)


def test_a_role_that_does_not_suffice_is_named() -> None:
    grant = Grant("alice", [CALL])
    with pytest.raises(ForbiddenError, match="alice with the role call; this call needs the role metrics"):
        check_allowed(grant, METRICS_RULE)
    with pytest.raises(ForbiddenError, match="nobody here may"):
        check_allowed(Grant("root", [ADMIN]), NOBODY)
    check_allowed(Grant("root", [ADMIN]), METRICS_RULE)
    check_allowed(Grant("scraper", [METRICS]), METRICS_RULE)


def test_without_flags_nobody_needs_a_token() -> None:
    assert not AccessControl(ServerSettings()).is_on
