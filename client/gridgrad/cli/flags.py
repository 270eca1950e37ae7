"""The flags that several commands share, each group of them handed to the command as one value."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from gridgrad.cli.connection import Connection
from gridgrad.cli.values import along_points, axis, expression_of, made_along, name_alone, names, parameter
from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import click
else:
    click = optional("click", "cli")

__all__ = ["RequestFlags", "connection_flags", "named_request_flags", "reduce_flags", "request_flags", "tier_flag"]

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]


class RequestFlags(NamedTuple):
    """What the flags say of a request.

    Args:
        function: an expression, or a registered function.
        inputs: as `Client.gradient` takes them, or `Client.explain`.
        wanted: which derivatives and of which type, by the names of their arguments.
    """

    function: Any
    inputs: Any
    wanted: dict[str, Any]


def request_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """A function, the values of its inputs, and the derivatives wanted: the argument `request`."""

    @functools.wraps(command)
    def gathered(
        expression: str | None,
        file: str | None,
        registered: str | None,
        dialect: str | None,
        axis: Any,
        zipped: Any,
        param: Any,
        **others: Any,
    ) -> Any:
        wanted, others = _wanted(others)
        inputs = _inputs(*axis, *zipped, *param)
        return command(request=RequestFlags(_function(expression, file, registered, dialect), inputs, wanted), **others)

    return _with_flags(
        gathered,
        click.argument("expression", required=False),
        _file_flag(),
        _from_flag(),
        click.option("--registered", metavar="NAME", help="A function of the server instead of an expression."),
        click.option(
            "--axis",
            multiple=True,
            type=axis,
            metavar="NAME=VALUES",
            help="1,2,4 or start:stop:count or geom:start:stop:count or @values.npy.",
        ),
        click.option(
            "--zip",
            "zipped",
            multiple=True,
            type=along_points,
            metavar="NAME=VALUES",
            help="Values that go in step with those of other --zip: points instead of a grid.",
        ),
        click.option("--param", multiple=True, type=parameter, metavar="NAME=VALUE", help="An input that is a number."),
        *_wanted_flags(),
    )


def named_request_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """An expression, the names of its inputs, and the derivatives wanted: the argument `request`."""

    @functools.wraps(command)
    def gathered(
        expression: str | None,
        file: str | None,
        dialect: str | None,
        axis: tuple[str, ...],
        param: tuple[str, ...],
        **others: Any,
    ) -> Any:
        wanted, others = _wanted(others)
        inputs = [*axis, *((name, ()) for name in param)]
        return command(request=RequestFlags(_function(expression, file, None, dialect), inputs, wanted), **others)

    return _with_flags(
        gathered,
        click.argument("expression", required=False),
        _file_flag(),
        _from_flag(),
        click.option(
            "--axis", multiple=True, type=name_alone, metavar="NAME", help="An axis; t=1,2,4 is as good as t."
        ),
        click.option("--param", multiple=True, type=name_alone, metavar="NAME", help="An input that is a number."),
        *_wanted_flags(),
    )


def connection_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """The way to the server: the argument `connection`."""

    @functools.wraps(command)
    def gathered(**given: Any) -> Any:
        connection = Connection(*(given.pop(name) for name in Connection._fields))
        return command(connection=connection, **given)

    return _with_flags(gathered, *_server_flags(), *_tls_flags(), *_token_flags())


def _server_flags() -> list[Decorator[Any]]:
    return [
        click.option(
            "--server",
            metavar="ADDRESS",
            envvar="GRIDGRAD_SERVER",
            help="host:port or unix:/path; a:1,b:2 for several (default: $GRIDGRAD_SERVER).",
        ),
        click.option("--timeout", type=float, metavar="SECONDS", help="Give up after this time (default: 60)."),
    ]


def _tls_flags() -> list[Decorator[Any]]:
    file = functools.partial(click.option, type=click.Path(), metavar="FILE")
    return [
        click.option("--tls", is_flag=True, help="Encrypt, and check the server by the system's authorities."),
        file("--tls-ca", help="Encrypt, and check the server by these authorities (PEM)."),
        file("--tls-cert", help="The certificate to show to the server (PEM); with --tls-key."),
        file("--tls-key", help="The private key of --tls-cert (PEM)."),
        click.option("--tls-server-name", metavar="NAME", help="Whom its certificate names (default: its host)."),
    ]


def _token_flags() -> list[Decorator[Any]]:
    return [
        click.option(
            "--token-file", type=click.Path(), metavar="FILE", help="The token to show (default: $GRIDGRAD_TOKEN)."
        ),
        click.option("--token-in-clear", is_flag=True, help="Show it to another host without TLS, too."),
    ]


def tier_flag(command: F) -> F:
    """The argument `tier`."""
    tiers = click.Choice(("auto", "direct", "compiled"))
    return click.option("--tier", type=tiers, default="auto", help="What computes it (default: what is ready).")(
        command
    )


def _wanted_flags() -> list[Decorator[Any]]:
    return [
        click.option("--order", type=int, metavar="N", help="All partials up to this order, 0 to 4 (default: 1)."),
        click.option("--wrt", multiple=True, type=names, metavar="NAMES", help="Of these inputs (default: the axes)."),
        click.option(
            "--derivative",
            "derivatives",
            multiple=True,
            type=names,
            metavar="NAMES",
            help="t,k for one partial, instead of --order.",
        ),
        click.option("--dtype", metavar="TYPE", help="float32 or float64, the default."),
    ]


def reduce_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """What is made of the grid: the argument `reduction`."""

    @functools.wraps(command)
    def gathered(reduce: tuple[tuple[str, str], ...], weights: str | None, cotangent: str | None, **others: Any) -> Any:
        if cotangent is not None:
            if reduce or weights is not None:
                raise RequestError("--cotangent", "--reduce or --weights beside it", "leave one of them out")
            return command(reduction={"cotangent": cotangent}, **others)
        alone = [kind for dim, kind in reduce if not dim]
        if alone and len(reduce) > 1:
            raise RequestError("--reduce", f"{alone[0]!r} for all dims beside others", "say dims for all, or for none")
        made = alone[0] if alone else dict(reduce) or None
        return command(reduction={"reduce": made, "weights": weights}, **others)

    return _with_flags(
        gathered,
        click.option(
            "--reduce",
            multiple=True,
            type=made_along,
            metavar="DIM=KIND",
            help="Along a dim, or KIND for all: sum, mean, min, max, argmin, argmax, norm, count_nonfinite.",
        ),
        click.option(
            "--weights", metavar="TEXT", help="Of a sum, mean or norm: an expression of its axes, or trapezoid."
        ),
        click.option(
            "--cotangent",
            metavar="TEXT",
            help="The gradient of the grid's sum instead, by --wrt or all inputs, each point times TEXT; 1 for none.",
        ),
    )


def _wanted(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of `_wanted_flags`, as arguments of the client's methods; and the others."""
    others = dict(given)
    wrt = [name for group in others.pop("wrt") for name in group]
    wanted = {"wrt": wrt or None, "derivatives": others.pop("derivatives") or None}
    wanted |= {name: others.pop(name) for name in ("order", "dtype")}
    return wanted, others


def _file_flag() -> Decorator[Any]:
    return click.option(
        "--file", type=expression_of, metavar="FILE", help="The file with the expression, - for what comes in."
    )


def _from_flag() -> Decorator[Any]:
    return click.option(
        "--from", "dialect", metavar="NOTATION", help="The notation of the expression, if not our own: lepton."
    )


def _function(expression: str | None, file: str | None, registered: str | None, dialect: str | None) -> Any:
    from gridgrad.requests.request import registered as registered_function

    given = [each for each in (expression, file, registered) if each is not None]
    if len(given) != 1:
        found = f"{'several' if given else 'none'} of an expression, --file and --registered"
        raise RequestError("function", found, "give one of them")
    if registered is None:
        return given[0] if dialect is None else _translated(given[0], dialect)
    if dialect is not None:
        raise RequestError("--from", "a notation for a function of the server", "leave it out")
    return registered_function(registered)


def _translated(text: str, dialect: str) -> Any:
    from gridgrad.formats import read

    translation = read(text, dialect)
    for note in translation.notes:
        print(f"Note: {note}", file=sys.stderr)
    return translation


def _inputs(*given: tuple[str, Any]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for name, values in given:
        if name in inputs:
            raise RequestError("--axis, --zip and --param", f"{name!r} a second time", "give each input once")
        inputs[name] = values
    return inputs


def _with_flags(command: Callable[..., Any], *flags: Decorator[Any]) -> Callable[..., Any]:
    """Adds them so that help lists them in this order."""
    for flag in reversed(flags):
        command = flag(command)
    return command
