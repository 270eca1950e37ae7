"""The sub-commands of `gridgrad`: eval, plot, check, explain, prepare, functions, info, top, drain and conformity."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

from gridgrad.checks import DEFAULT_POINTS
from gridgrad.cli.connection import Connection
from gridgrad.cli.flags import (
    RequestFlags,
    connection_flags,
    named_request_flags,
    reduce_flags,
    request_flags,
    tier_flag,
)
from gridgrad.cli.screen import LEGEND
from gridgrad.cli.values import interval, parameter, picture
from gridgrad.cli.values import output as output_file
from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional
from gridgrad_core.system.command_line import Group
from gridgrad_core.version import __version__

if TYPE_CHECKING:
    import click

    from gridgrad.requests.request import Tier
    from gridgrad.results.result import Result
else:
    click = optional("click", "cli")

__all__ = ["gridgrad"]

EXAMPLE = """\b
Example:
  gridgrad {command} "t*k + 2*t*k**2" --axis t=1,2,4 --axis k=0:1:5

An expression that starts with a minus sign comes after two dashes: gridgrad {command} --axis x=1,2 -- "-x**2"
"""
PLOT_EXAMPLE = """\b
Example:
  gridgrad plot "sin(x)*exp(-y)" --axis x=0:6.28:200 --axis y=0:2:100 --order 2 --output waves.png
"""
DPI = 150
HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Group, context_settings=HELP, epilog=EXAMPLE.format(command="eval"))
@click.version_option(__version__, prog_name="gridgrad", message="%(prog)s %(version)s")
def gridgrad() -> None:
    """Evaluates functions and their exact partial derivatives on grids."""


@gridgrad.command("eval", epilog=EXAMPLE.format(command="eval"))
@request_flags
@connection_flags
@tier_flag
@reduce_flags
@click.option("--output", type=output_file, metavar="FILE", help="Write the arrays: .npz, .nc, .zarr or .csv.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, where nan and inf are null and counted.")
def evaluate(
    request: RequestFlags,
    connection: Connection,
    tier: Tier,
    reduction: dict[str, Any],
    output: str | None,
    as_json: bool,
) -> None:
    """Evaluate a function and its derivatives on a grid.

    EXPRESSION is in the language of docs/language.md.
    """
    from gridgrad.cli import result_tables, tables

    if "cotangent" in reduction and (request.wanted["order"] is not None or request.wanted["derivatives"]):
        raise RequestError("--cotangent", "--order or --derivative beside it", "say by what with --wrt alone")
    result = _gradient(request, connection, tier, reduction)
    if output:
        from gridgrad.cli.output_files import write_output

        names = write_output(result, output)
        print(f"{output}: {', '.join(names)}", file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(result_tables.as_json(result))
    elif not output:
        tables.show(result_tables.as_tables(result), sys.stdout)


@gridgrad.command(epilog=PLOT_EXAMPLE)
@request_flags
@connection_flags
@tier_flag
@click.option("--at", multiple=True, type=parameter, metavar="NAME=VALUE", help="An axis to cut through there.")
@click.option(
    "--output", required=True, type=picture, metavar="FILE", help="The picture to write: out.png, .svg or .pdf."
)
@click.option("--dpi", type=float, default=DPI, show_default=True, metavar="N", help="Pixels to the inch.")
def plot(
    request: RequestFlags,
    connection: Connection,
    tier: Tier,
    at: tuple[tuple[str, float], ...],
    output: str,
    dpi: float,
) -> None:
    """Draw a function and its derivatives.

    Lines over one axis, heat maps over two, slices of three. EXPRESSION is in the language of docs/language.md.
    """
    kinds = optional("matplotlib.backend_bases", "plot").FigureCanvasBase.get_supported_filetypes()
    if os.path.splitext(output)[1][1:].lower() not in kinds:  # before the work
        raise RequestError("--output", f"{output!r}", "name it .png, .svg or .pdf")
    _gradient(request, connection, tier).plot(at=dict(at)).savefig(output, dpi=dpi)


@gridgrad.command(epilog=EXAMPLE.format(command="check"))
@request_flags
@connection_flags
@click.option("--points", type=int, default=DEFAULT_POINTS, show_default=True, metavar="N", help="At how many points.")
@click.option(
    "--tolerance", type=float, metavar="X", help="Relative difference allowed (default: 1e-6, 1e-3 for float32)."
)
@click.pass_context
def check(
    ctx: click.Context, request: RequestFlags, connection: Connection, points: int, tolerance: float | None
) -> None:
    """Compare a function's derivatives with finite differences.

    EXPRESSION is in the language of docs/language.md.
    """
    with connection.client() as client:
        report = client.check(request.function, request.inputs, points=points, tolerance=tolerance, **request.wanted)
    print(report)
    if not report.ok:
        ctx.exit(1)


@gridgrad.command()
@named_request_flags
@connection_flags
def explain(request: RequestFlags, connection: Connection) -> None:
    """Say how an expression and its derivatives are computed.

    EXPRESSION is in the language of docs/language.md.
    """
    with connection.client() as client:
        print(client.explain(request.function, request.inputs, **request.wanted))


@gridgrad.command()
@named_request_flags
@connection_flags
def prepare(request: RequestFlags, connection: Connection) -> None:
    """Have an expression compiled, and wait for it.

    With it its derivatives, and at each of several servers. EXPRESSION is in the language of docs/language.md.
    """
    for alone in connection.of_each().values() if connection.server else [connection]:
        with alone.client() as client:
            print(client.prepare(request.function, request.inputs, **request.wanted))


@gridgrad.command()
@connection_flags
def functions(connection: Connection) -> None:
    """List the functions registered at a server."""
    from gridgrad.cli.server_tables import on_functions

    with connection.client_of_named() as client:
        print(on_functions(client.functions()))


@gridgrad.command()
@connection_flags
def info(connection: Connection) -> None:
    """Describe a server: version, devices, limits, language.

    Of several each.
    """
    from gridgrad.cli import server_tables, tables

    shown = []
    for address, alone in connection.of_each().items():
        with alone.client_of_named() as client:
            shown.append(server_tables.of_server(address, client.server_info()))
    tables.show(shown, sys.stdout)


@gridgrad.command(epilog=LEGEND)
@connection_flags
@click.option(
    "--every", type=interval, default="1", show_default=True, metavar="SECONDS", help="Time between two looks."
)
@click.option("--once", is_flag=True, help="Print what happens in that time, once.")
def top(connection: Connection, every: float, once: bool) -> None:
    """Watch a server until q or Ctrl-C.

    Its requests, queue, batches and workers; of several each.
    """
    from gridgrad.cli.top import watch

    with contextlib.ExitStack() as stack, contextlib.suppress(KeyboardInterrupt):
        clients = {at: stack.enter_context(alone.client_of_named()) for at, alone in connection.of_each().items()}
        watch({at: client.server_status for at, client in clients.items()}, every, once=once, out=sys.stdout)


@gridgrad.command()
@connection_flags
def drain(connection: Connection) -> None:
    """End a server once it has answered all.

    It takes nothing new from now on, answers what it has accepted, and ends. Needs a token of role admin.
    """
    with connection.client_of_named() as client:
        left = client.drain()
    print(f"the server drains, and has {left} {'call' if left == 1 else 'calls'} to answer")


def _gradient(
    request: RequestFlags, connection: Connection, tier: Tier, reduction: Mapping[str, Any] = MappingProxyType({})
) -> Result:
    with connection.client() as client:
        if "cotangent" in reduction:
            wanted = {"wrt": request.wanted["wrt"] or list(request.inputs), "dtype": request.wanted["dtype"]}
            return client.pullback(request.function, request.inputs, reduction["cotangent"], tier=tier, **wanted)
        return client.gradient(request.function, request.inputs, tier=tier, **request.wanted, **reduction)


@gridgrad.command()
@connection_flags
@click.option("--http", metavar="URL", help="Ask there by HTTP too, as http://localhost:8080.")
@click.option("--session-socket", type=click.Path(), metavar="PATH", help="Ask in sessions of this socket, too.")
@click.option("--junit", type=click.File("wb", lazy=False), metavar="FILE", help="Write a report as JUnit's XML.")
def conformity(connection: Connection, http: str | None, session_socket: str | None, junit: BinaryIO | None) -> None:
    """Ask a server all published cases of the protocol, by each way that it offers.

    For who writes a server: values, derivatives, errors, limits, streams and sessions. Status 1 if any case fails.
    """
    from gridgrad.conformity import conformity_report
    from gridgrad.conformity.server import check as check_server

    checked = check_server(connection.settings(), http, session_socket)
    click.echo(conformity_report.text(checked))
    if junit:
        junit.write(conformity_report.junit(checked))
    sys.exit(any(each.fault for each in checked))
