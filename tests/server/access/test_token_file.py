"""The file of tokens: what a line may say, who may own it, and how it is changed."""

from __future__ import annotations

import hashlib
import math
import os
import threading
from pathlib import Path

import pytest

from gridgrad_server.access.token_file import (
    TokenEntry,
    TokenFile,
    check_principal,
    digest_of,
    edited,
    limits_in,
    new_token,
    read_tokens,
    roles_of,
    time_of,
)
from gridgrad_server.config.access_error import AccessError

DIGEST = hashlib.sha256(b"secret").hexdigest()


def parsed(text: str) -> list[TokenEntry]:
    return TokenFile(Path("tokens"), text).entries


def test_lines_comments_and_times() -> None:
    text = f"# all of us\n\n alice  call,metrics {DIGEST}  # hers\n"
    text += f"bob admin {'0' * 64} expires=2027-01-01T01:00:00+01:00\nsolver call - user=1000 weight=2\n"
    assert parsed(text) == [
        TokenEntry("alice", ("call", "metrics"), digest_of("secret")),
        TokenEntry("bob", ("admin",), bytes(32), 1798761600.0),
        TokenEntry("solver", ("call",), b"", limits=("weight=2",), user=1000),
    ]
    assert parsed(parsed(text)[2].line()) == parsed(text)[2:]
    assert parsed("solver call - user=root")[0].user == 0


def test_what_is_not_changed_stays_as_it_was_written() -> None:
    text = f"# all of us\nalice   call {DIGEST} # hers\n"
    file = TokenFile(Path("tokens"), text)
    entry = TokenEntry("bob", ("call",), bytes(32), time_of("2027-01-31"))
    file.add(entry)
    assert file.text() == f"{text}bob call {'0' * 64} expires=2027-01-31T00:00:00Z\n"
    assert parsed(file.text())[1] == entry
    file.remove([entry])
    assert file.text() == text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("alice call", "2 of three words"),
        ("alice call - user=nobody-here", "'nobody-here' is no user of this machine; write its name or number"),
        (f"-alice call {DIGEST}", "no name of a principal"),
        (f"alice boss {DIGEST}", "'boss' are no roles"),
        (f"alice call,call {DIGEST}", "are no roles"),
        (f"alice call {DIGEST[:-1]}", "64 hexadecimal digits"),
        (f"alice call {DIGEST.upper()}", "64 hexadecimal digits"),
        (f"alice call {DIGEST} expires=tomorrow", "'tomorrow' is no time"),
        (f"alice call {DIGEST} colour=red", "'colour' is nothing that can be limited"),
        (f"alice call {DIGEST} requests=0", "requests takes a whole number"),
        ("alice call - expires=2027-01-01", "ends with these"),
    ],
)
def test_a_wrong_line_is_named_and_no_digest_shown(line: str, said: str) -> None:
    with pytest.raises(AccessError, match=f"tokens, line 2: .*{said}") as wrong:
        parsed(f"# one\n{line}\n")
    assert DIGEST[:-1] not in str(wrong.value).lower()


def test_limits_are_of_the_principal() -> None:
    entries = parsed(f"alice call {DIGEST} weight=2 requests=9\nalice admin {'0' * 64}\nbob call -\n")
    assert limits_in(entries) == {"alice": ("weight=2", "requests=9")}
    assert TokenFile(Path("tokens"), f"{entries[0].line()}\n").entries == entries[:1]
    with pytest.raises(AccessError, match="alice has two kinds of limits"):
        parsed(f"alice call {DIGEST} weight=2\nalice call {'0' * 64} weight=3\n")
    with pytest.raises(AccessError, match="bob with - is there twice"):
        parsed("bob call -\nbob admin -\n")


def test_a_token_that_is_there_twice() -> None:
    with pytest.raises(AccessError, match=f"{DIGEST[:12]}… is there twice"):
        parsed(f"alice call {DIGEST}\nbob call {DIGEST}\n")


def test_a_user_who_is_there_twice() -> None:
    with pytest.raises(AccessError, match="user=7 is there twice"):
        parsed("alice call - user=7\nbob call - user=7\n")
    assert len(parsed("alice call - user=7\nalice call - user=8\nalice call -\n")) == 3


@pytest.mark.parametrize("name", ["alice", "a", "spiffe://a.example/b", "a.b_c@d.example", "x" * 128])
def test_names_that_a_principal_may_have(name: str) -> None:
    check_principal(name)


@pytest.mark.parametrize("name", ["", "@alice", "al ice", "a#b", "a\n", "x" * 129, "é"])
def test_names_that_none_may_have(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a principal"):
        check_principal(name)


def test_roles_and_times_of_words() -> None:
    assert roles_of("call,admin") == ("call", "admin")
    assert time_of("1970-01-02") == 86400.0
    assert time_of("1970-01-01T01:00:00Z") == 3600.0


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"alice call {DIGEST}\n")
    for mode in (0o640, 0o604, 0o602):
        path.chmod(mode)
        with pytest.raises(AccessError, match=f"open to others \\({mode:o}\\); chmod 600"):
            read_tokens(path)
    for mode in (0o600, 0o400):
        path.chmod(mode)
        assert len(read_tokens(path).entries) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text("")
    path.chmod(0o600)
    os.chown(path, 12345, -1)
    with pytest.raises(AccessError, match="belongs to user 12345; chown it"):
        read_tokens(path)


def test_what_is_no_file_of_text(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="can't be read"):
        read_tokens(tmp_path / "none")
    with pytest.raises(AccessError, match=r"can't be read|is no file"):
        read_tokens(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "bytes").chmod(0o600)
    with pytest.raises(AccessError, match="is no text"):
        read_tokens(tmp_path / "bytes")


def test_a_file_is_made_closed_to_others_and_changed_by_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "tokens"

    def add(number: int) -> None:
        with edited(path) as file:
            file.add(TokenEntry(f"p{number}", ("call",), digest_of(new_token())))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {entry.principal for entry in read_tokens(path).entries} == {f"p{number}" for number in range(8)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["tokens"]


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    with edited(path) as file:
        file.add(TokenEntry("alice", ("call",), digest_of("secret")))
    before = path.read_bytes()
    with pytest.raises(AccessError, match="twice"), edited(path) as file:
        file.add(TokenEntry("bob", ("call",), digest_of("secret")))
    assert path.read_bytes() == before
    with pytest.raises(AccessError, match="no folder to write in"), edited(tmp_path / "none" / "tokens"):
        pass


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token.removeprefix("gridgrad_")) == 43 for token in tokens)
    assert TokenEntry("a", ("call",), b"").expires_at == math.inf
