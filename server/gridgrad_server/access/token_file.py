"""The file of tokens: one a line, as principal, roles, SHA-256 of the token, and what else is said of it.

    # principal   roles         digest             until
    alice         call          9f86d081884c7d65…
    scraper       metrics       60303ae22b998861…  expires=2027-01-01T00:00:00Z
    batch         call          d74ff0ee8da3b980…  weight=0.1 requests=64
    carol         call,admin    -                  # known by other credentials than a token
    solver        call          -                  user=1000  # that user of this machine, at --session-socket

It is a secret all the same, since whoever can write it lets himself in: it belongs to the server's user and is closed
to others. It is written whole and renamed, so that no reader sees half of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import math
import os
import pwd
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from gridgrad_server.access.grants import ROLES
from gridgrad_server.config.access_error import AccessError
from gridgrad_server.config.quota_limits import limits_of

__all__ = [
    "TokenEntry",
    "TokenFile",
    "check_principal",
    "digest_of",
    "edited",
    "limits_in",
    "new_token",
    "read_tokens",
    "roles_of",
    "time_of",
    "user_of",
]

_TOKEN_BYTES = 32
_PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+@-]{0,127}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NONE, _EXPIRES, _USER = "-", "expires=", "user="
_LINE = "write PRINCIPAL ROLE SHA256, as gridgrad-server token add does"


class TokenEntry(NamedTuple):
    """A line of the file.

    Args:
        principal: whose token it is.
        roles: of ROLES, as the line has them.
        digest: the token's SHA-256; empty for who comes with other credentials.
        expires_at: by time.time; infinity for never.
        limits: of the principal, as they are written.
        user: the number of who counts as the principal at the socket of sessions; None for nobody.
    """

    principal: str
    roles: tuple[str, ...]
    digest: bytes
    expires_at: float = math.inf
    limits: tuple[str, ...] = ()
    user: int | None = None

    def line(self) -> str:
        """The entry as a line of the file."""
        words = [self.principal, ",".join(self.roles), self.digest.hex() or _NONE]
        if self.expires_at != math.inf:
            expires = datetime.fromtimestamp(self.expires_at, UTC)
            words.append(f"expires={expires:%Y-%m-%dT%H:%M:%SZ}")
        if self.user is not None:
            words.append(f"{_USER}{self.user}")
        return " ".join([*words, *self.limits])

    def has_access_of(self, other: TokenEntry) -> bool:
        """Whether another entry gives the same access, whatever the limits."""
        return self._replace(limits=()) == other._replace(limits=())


class TokenFile:
    """What a file says, line by line, comments too.

    Args:
        path: of the file.
        text: what it says.

    Attributes:
        entries: the tokens.

    Raises:
        AccessError: a line is wrong; names it.
    """

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = [
            (line, self._entry(number, line.partition("#")[0].split()))
            for number, line in enumerate(text.splitlines(), 1)
        ]
        self._check()

    @property
    def entries(self) -> list[TokenEntry]:
        """The tokens, in the order of the lines."""
        return [entry for _, entry in self._lines if entry]

    def add(self, entry: TokenEntry) -> None:
        """Adds a line."""
        self._lines.append((entry.line(), entry))
        self._check()

    def remove(self, gone: Iterable[TokenEntry]) -> None:
        """Leaves out the lines of these."""
        left_out = set(gone)
        self._lines = [(line, entry) for line, entry in self._lines if entry not in left_out]

    def text(self) -> str:
        """All lines."""
        return "".join(f"{line}\n" for line, _ in self._lines)

    def _entry(self, number: int, words: list[str]) -> TokenEntry | None:
        if not words:
            return None
        try:
            return _entry_of(words)
        except ValueError as error:
            raise AccessError(f"{self._path}, line {number}: {error}") from None

    def _check(self) -> None:
        seen = set[str]()
        for entry in self.entries:
            what = set(_unique_in(entry))
            for twice in seen & what:
                raise AccessError(f"{self._path}: {twice} is there twice; remove one line")
            seen |= what
        said = limits_in(self.entries)
        for entry in self.entries:
            if entry.limits and entry.limits != said[entry.principal]:
                found = f"{entry.principal} has two kinds of limits"
                raise AccessError(f"{self._path}: {found}; say the same in each of its lines")


def _unique_in(entry: TokenEntry) -> Iterator[str]:
    """What no other line may have."""
    if entry.digest:
        yield f"the token {entry.digest.hex()[:12]}…"
    if entry.user is not None:
        yield f"{_USER}{entry.user}"
    elif not entry.digest:
        yield f"{entry.principal} with -"


def _entry_of(words: list[str]) -> TokenEntry:
    if len(words) < 3:
        raise ValueError(f"{len(words)} of three words; {_LINE}")
    principal, roles, digest, *more = words
    check_principal(principal)
    if digest != _NONE and not _DIGEST.fullmatch(digest):
        raise ValueError(f"the third word is no SHA-256 in 64 hexadecimal digits; {_LINE}")
    expires_at, user = math.inf, None
    limits = tuple(word for word in more if not word.startswith((_EXPIRES, _USER)))
    limits_of(limits)
    for word in (each for each in more if each.startswith(_USER)):
        user = user_of(word.removeprefix(_USER))
    for word in (each for each in more if each.startswith(_EXPIRES)):
        value = word.removeprefix(_EXPIRES)
        if digest == _NONE:
            raise ValueError("what comes with other credentials ends with these; take expires= out")
        expires_at = time_of(value)
    return TokenEntry(principal, roles_of(roles), bytes.fromhex(digest.strip(_NONE)), expires_at, limits, user)


def limits_in(entries: Iterable[TokenEntry]) -> dict[str, tuple[str, ...]]:
    """The limits of each principal of which some are said."""
    said: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        if entry.limits:
            said.setdefault(entry.principal, entry.limits)
    return said


def check_principal(name: str) -> None:
    """Refuses what no principal may be called.

    Raises:
        ValueError: it is such a name.
    """
    if not _PRINCIPAL.fullmatch(name):
        takes = "up to 128 letters, digits and ._:/+@-, the first a letter or digit"
        raise ValueError(f"{name!r} is no name of a principal; it takes {takes}")


def roles_of(text: str) -> tuple[str, ...]:
    """The roles of a list with commas.

    Raises:
        ValueError: one of them is none, or comes twice.
    """
    roles = tuple(text.split(","))
    if not set(roles) <= set(ROLES) or len(set(roles)) < len(roles):
        raise ValueError(f"{text!r} are no roles; there are {', '.join(ROLES)}, several with commas between them")
    return roles


def user_of(text: str) -> int:
    """The number of a user of this machine, given by name or number.

    Raises:
        ValueError: there is none of that name.
    """
    if text.isdecimal():
        return int(text)
    try:
        return pwd.getpwnam(text).pw_uid
    except KeyError:
        raise ValueError(f"{text!r} is no user of this machine; write its name or number") from None


def time_of(text: str) -> float:
    """A time by time.time, from ISO 8601; of a date its beginning, and UTC where no zone is said.

    Raises:
        ValueError: it is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write 2027-01-31 or 2027-01-31T12:00:00Z") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def new_token() -> str:
    """A token that nobody can guess."""
    return f"gridgrad_{secrets.token_urlsafe(_TOKEN_BYTES)}"


def digest_of(token: str | bytes) -> bytes:
    """The SHA-256 of a token."""
    return hashlib.sha256(token.encode() if isinstance(token, str) else token).digest()


def read_tokens(path: Path) -> TokenFile:
    """Reads a file of tokens.

    Raises:
        AccessError: it can't be read, is not closed to others, or a line is wrong.
    """
    try:
        with path.open(encoding="utf-8") as file:
            _check_owner(path, os.fstat(file.fileno()))
            return TokenFile(path, file.read())
    except UnicodeDecodeError:
        raise AccessError(f"{path} is no text; make it by gridgrad-server token add --file {path}") from None
    except OSError as error:
        raise AccessError(f"{path} can't be read ({error.strerror}); make it by gridgrad-server token add") from None


def _check_owner(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise AccessError(f"{path} is no file; make one by gridgrad-server token add --file FILE")
    if status.st_uid != os.geteuid():
        raise AccessError(f"{path} belongs to user {status.st_uid}; chown it to the server's, {os.geteuid()}")
    if status.st_mode & 0o077:
        raise AccessError(f"{path} is open to others ({status.st_mode & 0o777:o}); chmod 600 it")


@contextlib.contextmanager
def edited(path: Path) -> Iterator[TokenFile]:
    """A file of tokens to be changed, which is written at the end of the block; made if it is not there.

    Raises:
        AccessError: it can't be read or written, is not closed to others, or a line is wrong.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise AccessError(f"{path.parent} is no folder to write in ({error.strerror}); give another path") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # who changes it at the same time waits
        file = read_tokens(path) if path.exists() else TokenFile(path, "")
        yield file
        _write(path, file.text())
    finally:
        os.close(folder)


def _write(path: Path, text: str) -> None:
    written = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        written.rename(path)
    except OSError as error:
        written.unlink(missing_ok=True)
        raise AccessError(f"{path} can't be written ({error.strerror}); mend it, or give another path") from None
