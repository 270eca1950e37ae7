"""The command `gridgrad`: eval, plot, check, explain, prepare, functions, info and top.

Exit statuses: 0 done; 1 the server or the way to it failed, or a check found something; 2 the request or the
command line is wrong; 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gridgrad.checks import DEFAULT_POINTS
from gridgrad.cli.screen import LEGEND
from gridgrad_core.errors import GridgradError, RequestError
from gridgrad_core.version import __version__

__all__ = ["main"]

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130

EXAMPLE = """example:
  gridgrad eval "t*k + 2*t*k**2" --axis t=1,2,4 --axis k=0:1:5

An expression that starts with a minus sign comes after two dashes: gridgrad eval --axis x=1,2 -- "-x**2"
"""
PLOT_EXAMPLE = """example:
  gridgrad plot "sin(x)*exp(-y)" --axis x=0:6.28:200 --axis y=0:2:100 --order 2 --output waves.png
"""
DPI = 150


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: those after the command's name; by default the process's own.

    Returns:
        The exit status.
    """
    # grpc's own notices, such as one of a connection that ends, would stand between our lines
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        status: int = given.run(given) or DONE
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as head, has had enough; a second complaint at exit would be one too many
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except (GridgradError, OSError) as error:
        print(f"gridgrad: {error}", file=sys.stderr)
        return WRONG if isinstance(error, RequestError) else FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gridgrad",
        description="Evaluates functions and their exact partial derivatives on grids.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gridgrad {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_eval(commands)
    _add_plot(commands)
    _add_check(commands)
    _add_about(commands, "explain", "say how an expression and its derivatives are computed", _explain)
    _add_about(commands, "prepare", "have an expression and its derivatives compiled, and wait for it", _prepare)
    _add_plain(commands, "functions", "list the functions registered at a server", _functions)
    _add_plain(commands, "info", "describe a server: version, devices, limits, language", _info)
    _add_top(commands)
    return parser


def _add_eval(commands: Any) -> None:
    command = _add_question(commands, "eval", "evaluate a function and its derivatives on a grid", _eval)
    _add_tier(command)
    add = command.add_argument
    add("--output", metavar="FILE", help="write the arrays to a numpy archive (.npz)")
    add("--json", action="store_true", help="print JSON, where nan and inf are null and counted")


def _add_plot(commands: Any) -> None:
    what = "draw a function and its derivatives: lines over one axis, heat maps over two, slices of three"
    command = _add_question(commands, "plot", what, _plot)
    command.epilog = PLOT_EXAMPLE
    _add_tier(command)
    add = command.add_argument
    add("--at", action="append", default=[], type=_param, metavar="NAME=VALUE", help="an axis to cut through there")
    add("--output", metavar="FILE", required=True, help="the picture to write, such as out.png, .svg or .pdf")
    add("--dpi", type=float, default=DPI, metavar="N", help="pixels to the inch (default: %(default)s)")


def _add_check(commands: Any) -> None:
    what = "compare a function's derivatives on a grid with finite differences"
    command = _add_question(commands, "check", what, _check)
    add = command.add_argument
    add("--points", type=int, default=DEFAULT_POINTS, metavar="N", help="at how many points (default: %(default)s)")
    add("--tolerance", type=float, metavar="X", help="relative difference allowed (default: 1e-6, 1e-3 for float32)")


def _add_tier(command: argparse.ArgumentParser) -> None:
    choices = ("auto", "direct", "compiled")
    command.add_argument("--tier", choices=choices, default="auto", help="what computes it (default: what is ready)")


def _add_question(commands: Any, name: str, what: str, run: Any) -> argparse.ArgumentParser:
    """A command that takes a function, its inputs and derivatives."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=EXAMPLE.replace("eval", name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    command.add_argument("expression", nargs="?", help="what to evaluate, in the language of docs/language.md")
    command.add_argument("--registered", metavar="NAME", help="a function of the server instead of an expression")
    add = command.add_argument
    add("--axis", action="append", default=[], type=_axis, metavar="NAME=VALUES", help="1,2,4 or start:stop:count")
    add("--param", action="append", default=[], type=_param, metavar="NAME=VALUE", help="an input that is a number")
    _add_asked(command)
    _add_server(command)
    return command


def _add_about(commands: Any, name: str, what: str, run: Any) -> None:
    command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("expression", help="what it is about, in the language of docs/language.md")
    add = command.add_argument
    add("--axis", action="append", default=[], metavar="NAME", help="an axis; t=1,2,4 is as good as t")
    add("--param", action="append", default=[], metavar="NAME", help="an input that is a number")
    _add_asked(command)
    _add_server(command)


def _add_asked(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--order", type=int, metavar="N", help="all partials up to this order, 0 to 4 (default: 1)")
    add("--wrt", action="append", type=_names, metavar="NAMES", help="of these inputs (default: the axes)")
    add("--derivative", action="append", type=_names, metavar="NAMES", help="t,k for one partial, instead of --order")
    add("--dtype", metavar="TYPE", help="float32 or float64, the default")


def _add_top(commands: Any) -> None:
    command = _add_plain(commands, "top", "watch a server: requests, queue, batches, workers; until q or Ctrl-C", _top)
    command.formatter_class, command.epilog = argparse.RawDescriptionHelpFormatter, LEGEND
    add = command.add_argument
    add("--every", type=_interval, default=1.0, metavar="SECONDS", help="time between two looks (default: 1)")
    add("--once", action="store_true", help="print what happens in that time, once")


def _add_plain(commands: Any, name: str, what: str, run: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    command.set_defaults(run=run)
    _add_server(command)
    return command


def _add_server(command: argparse.ArgumentParser) -> None:
    command.add_argument("--server", metavar="ADDRESS", help="host:port or unix:/path (default: $GRIDGRAD_SERVER)")
    add = command.add_argument
    add("--timeout", type=float, metavar="SECONDS", help="give up after this time (default: 60)")
    add("--tls", action="store_true", help="encrypt, and check the server by the system's authorities")
    add("--tls-ca", metavar="FILE", help="encrypt, and check the server by these authorities (PEM)")
    add("--tls-cert", metavar="FILE", help="the certificate to show to the server (PEM); with --tls-key")
    add("--tls-key", metavar="FILE", help="the private key of --tls-cert (PEM)")


def _named(text: str) -> tuple[str, str]:
    name, equals, values = text.partition("=")
    if not (name.strip() and equals and values.strip()):
        raise argparse.ArgumentTypeError(f"{text!r}: write a name and what it is, such as t=1,2,4")
    return name.strip(), values


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def _axis(text: str) -> tuple[str, Any]:
    from gridgrad.arguments.linspace import linspace

    name, values = _named(text)
    if ":" not in values:
        return name, [_number(value) for value in values.split(",")]
    parts = values.split(":")
    if len(parts) != 3 or not parts[2].strip().isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: write start:stop:count, such as {name}=0:1:101")
    try:
        return name, linspace(_number(parts[0]), _number(parts[1]), int(parts[2]))
    except RequestError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _param(text: str) -> tuple[str, float]:
    name, value = _named(text)
    return name, _number(value)


def _interval(text: str) -> float:
    if not 0 < (seconds := _number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: write seconds over 0, such as 0.5")
    return seconds


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r}: write names with commas between, such as t,k")
    return names


def _eval(given: argparse.Namespace) -> None:
    from gridgrad.cli import tables as printing
    from gridgrad.results.export import archive

    result = _answer(given)
    if given.output:
        names = archive.save(result, given.output)
        print(f"{given.output}: {', '.join(names)}", file=sys.stderr if given.json else sys.stdout)
    if given.json:
        print(printing.as_json(result))
    elif not given.output:
        print(printing.as_tables(result))


def _plot(given: argparse.Namespace) -> None:
    from gridgrad_core.extras import optional

    optional("matplotlib", "plot")  # before the work
    figure = _answer(given).plot(at=dict(given.at))
    try:
        figure.savefig(given.output, dpi=given.dpi)
    except ValueError as error:
        raise RequestError("--output", f"{given.output!r} ({error})", "name it .png, .svg or .pdf") from error


def _answer(given: argparse.Namespace) -> Any:
    function, inputs, asked = _function(given), _inputs(given), _asked(given)
    with _server(given) as address, _client(given, address) as client:
        return client.gradient(function, inputs, tier=given.tier, **asked)


def _check(given: argparse.Namespace) -> int:
    function, inputs, asked = _function(given), _inputs(given), _asked(given)
    with _server(given) as address, _client(given, address) as client:
        report = client.check(function, inputs, points=given.points, tolerance=given.tolerance, **asked)
    print(report)
    return DONE if report.ok else FAILED


def _function(given: argparse.Namespace) -> Any:
    from gridgrad.requests.request import registered

    if (given.expression is None) == (given.registered is None):
        found = "neither" if given.expression is None else "both"
        raise RequestError("function", f"{found} of an expression and --registered", "give one of them")
    return given.expression if given.registered is None else registered(given.registered)


def _inputs(given: argparse.Namespace) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for name, values in (*given.axis, *given.param):
        if name in inputs:
            raise RequestError("--axis and --param", f"{name!r} a second time", "give each input once")
        inputs[name] = values
    return inputs


def _asked(given: argparse.Namespace) -> dict[str, Any]:
    wrt = None if given.wrt is None else [name for names in given.wrt for name in names]
    return {"wrt": wrt, "order": given.order, "derivatives": given.derivative, "dtype": given.dtype}


def _explain(given: argparse.Namespace) -> None:
    with _server(given) as address, _client(given, address) as client:
        print(client.explain(given.expression, _named_inputs(given), **_asked(given)))


def _prepare(given: argparse.Namespace) -> None:
    with _server(given) as address, _client(given, address) as client:
        print(client.prepare(given.expression, _named_inputs(given), **_asked(given)))


def _named_inputs(given: argparse.Namespace) -> list[Any]:
    axes = [text.partition("=")[0].strip() for text in given.axis]
    return [*axes, *((text.partition("=")[0].strip(), ()) for text in given.param)]


@contextlib.contextmanager
def _server(given: argparse.Namespace) -> Iterator[str | None]:
    """The server to ask: the one that was named, or one of our own for as long as the block lasts."""
    if given.server or os.environ.get("GRIDGRAD_SERVER"):
        yield given.server
    elif _wants_tls(given):
        raise RequestError("--tls", "no server to encrypt to", "name one with --server or GRIDGRAD_SERVER")
    else:
        from gridgrad.local_server import private_server

        with private_server() as server:
            yield server.address


def _client(given: argparse.Namespace, address: str | None) -> Any:
    from gridgrad.protocol.options import DEFAULT_TIMEOUT_S
    from gridgrad.sync.client import Client

    timeout_s = DEFAULT_TIMEOUT_S if given.timeout is None else given.timeout
    return Client(address, timeout=timeout_s, credentials=_credentials(given))


def _credentials(given: argparse.Namespace) -> Any:
    """What TLS needs; None for a connection in the clear."""
    if (given.tls_cert is None) != (given.tls_key is None):
        raise RequestError("--tls-cert and --tls-key", "one without the other", "give both or neither")
    if not _wants_tls(given):
        return None
    import grpc

    return grpc.ssl_channel_credentials(*(_pem(given, flag) for flag in ("tls_ca", "tls_key", "tls_cert")))


def _pem(given: argparse.Namespace, flag: str) -> bytes | None:
    file = getattr(given, flag)
    if file is None:
        return None
    try:
        content, problem = Path(file).read_bytes(), "no PEM in it"
    except OSError as error:
        content, problem = b"", str(error.strerror)
    if b"-----BEGIN " not in content:
        raise RequestError(f"--{flag.replace('_', '-')}", f"{file}: {problem}", "give a PEM file")
    return content


def _wants_tls(given: argparse.Namespace) -> bool:
    return any((given.tls, given.tls_ca, given.tls_cert, given.tls_key))


def _functions(given: argparse.Namespace) -> None:
    from gridgrad.cli import tables as printing

    with _client(given, given.server) as client:
        print(printing.of_functions(client.functions()))


def _info(given: argparse.Namespace) -> None:
    from gridgrad.cli import tables as printing

    with _client(given, given.server) as client:
        print(printing.of_server(client.address, client.server_info()))


def _top(given: argparse.Namespace) -> None:
    from gridgrad.cli.top import watch

    with _client(given, given.server) as client, contextlib.suppress(KeyboardInterrupt):
        watch(client.address, client.server_status, given.every, once=given.once, out=sys.stdout)
