"""`gridgrad-server token`: makes, lists and revokes the tokens in the file of `--auth-tokens`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from gridgrad_core.system.command_line import Group
from gridgrad_server.access.token_file import (
    TokenEntry,
    check_principal,
    digest_of,
    edited,
    new_token,
    read_tokens,
    roles_of,
    time_of,
    user_of,
)
from gridgrad_server.config.access_error import AccessError
from gridgrad_server.config.quota_limits import LIMITS, limits_of

__all__ = ["COMMAND"]

T = TypeVar("T")
_ID_DIGITS = 12


class _Refusing(Group):
    """Says what is wrong in one line, with status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AccessError as error:
            raise click.UsageError(str(error)) from None


COMMAND = _Refusing(
    "token",
    help="Makes, lists and revokes the tokens of a server with --auth-tokens. A server that runs reads the file again "
    "at SIGHUP.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _checked(check: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """A callback of click that passes on what is wrong with a value."""

    def callback(ctx: click.Context, param: click.Parameter, value: str | None) -> T | None:
        try:
            return None if value is None else check(value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return callback


def _principal(name: str) -> str:
    check_principal(name)
    return name


def _limits(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    try:
        limits_of(words)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    return words


_FILE = click.option(
    "--file", required=True, type=click.Path(path_type=Path), envvar="GRIDGRAD_AUTH_TOKENS",
    help="The file of tokens (default: $GRIDGRAD_AUTH_TOKENS).",
)  # fmt: skip


@COMMAND.command()
@_FILE
@click.option("--principal", required=True, callback=_checked(_principal), help="Whose token it is.")
@click.option(
    "--role", "roles", default="call", callback=_checked(roles_of),
    help="call, metrics or admin, several with commas between them (default: call).",
)  # fmt: skip
@click.option("--expires", callback=_checked(time_of), help="Until when, such as 2027-01-31 (default: for ever).")
@click.option(
    "--limit", "limits", multiple=True, callback=_limits, metavar="NAME=VALUE",
    help=f"What the principal may take: {', '.join(LIMITS)}.",
)  # fmt: skip
@click.option(
    "--user", callback=_checked(user_of), help="The user of this machine who is the principal at --session-socket.",
)  # fmt: skip
@click.option("--no-token", is_flag=True, help="None is made: the principal comes with other credentials.")
def add(
    file: Path,
    principal: str,
    roles: tuple[str, ...],
    expires: float | None,
    limits: tuple[str, ...],
    user: int | None,
    no_token: bool,
) -> None:
    """Makes a token and prints it, this once: the file has only its digest."""
    token, digest = "", b""
    if no_token and expires is not None:
        raise click.UsageError("--expires is of tokens: other credentials say themselves until when they hold")
    if not no_token:
        token = new_token()
        digest = digest_of(token)
    with edited(file) as tokens:
        tokens.add(TokenEntry(principal, roles, digest, math.inf if expires is None else expires, limits, user))
    click.echo(token or f"{principal} may {' and '.join(roles)}")


@COMMAND.command(name="list")
@_FILE
def list_tokens(file: Path) -> None:
    """Prints the tokens that there are: their ids, principals, roles, and until when they hold."""
    for entry in read_tokens(file).entries:
        words = (
            _id_of(entry),
            entry.principal,
            ",".join(entry.roles),
            _until(entry.expires_at),
            *_user_in(entry),
            *entry.limits,
        )
        click.echo("  ".join(words))


@COMMAND.command()
@_FILE
@click.option("--principal", help="All tokens of this one.")
@click.option("--id", "number", help="The token that list names so.")
def revoke(file: Path, principal: str | None, number: str | None) -> None:
    """Takes tokens back."""
    if (principal is None) == (number is None):
        raise click.UsageError("give --principal or --id")
    with edited(file) as tokens:
        gone = [entry for entry in tokens.entries if principal == entry.principal or number == _id_of(entry)]
        if not gone:
            raise click.UsageError(f"there is no token of {principal or number!r}: see gridgrad-server token list")
        tokens.remove(gone)
    for entry in gone:
        click.echo(f"revoked {_id_of(entry)} of {entry.principal}; send the server SIGHUP")


def _user_in(entry: TokenEntry) -> list[str]:
    return [] if entry.user is None else [f"user={entry.user}"]


def _id_of(entry: TokenEntry) -> str:
    return entry.digest.hex()[:_ID_DIGITS] or "-"


def _until(expires_at: float) -> str:
    if expires_at == math.inf:
        return "for ever"
    text = f"{datetime.fromtimestamp(expires_at, UTC):%Y-%m-%d %H:%M UTC}"
    return f"until {text}" if time.time() < expires_at else f"expired {text}"
