from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridgrad_server.access.token_command import COMMAND
from gridgrad_server.access.token_file import digest_of, read_tokens


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(COMMAND, [*map(str, arguments)])


def test_a_token_is_printed_once_and_kept_as_its_digest(path: Path) -> None:
    added = run("add", "--file", path, "--principal", "alice", "--role", "call,metrics", "--expires", "2027-01-31")
    assert added.exit_code == 0, added.output
    token = added.output.strip()
    (entry,) = read_tokens(path).entries
    assert (entry.principal, entry.roles, entry.digest) == ("alice", ("call", "metrics"), digest_of(token))
    assert token not in path.read_text()
    listed = run("list", "--file", path).output
    assert listed == f"{entry.digest.hex()[:12]}  alice  call,metrics  until 2027-01-31 00:00 UTC\n"
    assert token not in listed


def test_limits_and_principals_without_a_token(path: Path) -> None:
    run("add", "--file", path, "--principal", "batch", "--limit", "weight=0.1", "--limit", "bytes=1GiB")
    added = run("add", "--file", path, "--principal", "probe", "--role", "metrics,call", "--no-token")
    assert added.output == "probe may metrics and call\n"
    first, second = run("list", "--file", path).output.splitlines()
    assert first.endswith("  batch  call  for ever  weight=0.1  bytes=1GiB")
    assert second == "-  probe  metrics,call  for ever"


def test_tokens_are_revoked_by_principal_or_by_id(path: Path) -> None:
    for name in ("alice", "alice", "bob", "carol"):
        run("add", "--file", path, "--principal", name)
    bob = next(entry for entry in read_tokens(path).entries if entry.principal == "bob")
    assert run("revoke", "--file", path, "--principal", "alice").output.count("of alice; send the server SIGHUP") == 2
    assert run("revoke", "--file", path, "--id", bob.digest.hex()[:12]).exit_code == 0
    assert [entry.principal for entry in read_tokens(path).entries] == ["carol"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "--principal", "al ice"], "no name of a principal"),
        (["add", "--principal", "alice", "--role", "boss"], "'boss' are no roles"),
        (["add", "--principal", "alice", "--expires", "soon"], "'soon' is no time"),
        (["add", "--principal", "alice", "--limit", "requests=no"], "requests takes a whole number"),
        (["add", "--principal", "alice", "--no-token", "--expires", "2027-01-31"], "--expires is of tokens"),
        (["list"], "can't be read"),
        (["revoke", "--principal", "alice"], "there is no token of 'alice'"),
        (["revoke"], "give --principal or --id"),
        (["revok"], "Did you mean 'revoke'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(path: Path, arguments: list[str], said: str) -> None:
    done = run(arguments[0], "--file", path, *arguments[1:])
    assert done.exit_code == 2
    assert said in done.output
