"""The command line of gridgrad-server: the table of flags as a command of click."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from gridgrad_core.system.command_line import Command
from gridgrad_core.version import __version__
from gridgrad_server.config.settings import FLAGS, ServerSettings

__all__ = ["COMMAND", "parse"]


def _settings(**values: Any) -> ServerSettings:
    try:
        return ServerSettings(**values)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(__version__)
        ctx.exit()


_VERSION = click.Option(
    ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="show the version"
)

COMMAND = Command(
    "gridgrad-server",
    params=[*FLAGS, _VERSION],
    callback=_settings,
    help="Serves functions and their exact partial derivatives on grids, over gRPC.",
    epilog="Each flag has an environment variable: --queue-entries is GRIDGRAD_QUEUE_ENTRIES. "
    "gridgrad-server token --help tells of the file of --auth-tokens.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def parse(arguments: Sequence[str]) -> ServerSettings:
    """Reads the settings from flags and environment.

    Exits with status 2 and a message when one is wrong, and with 0 after --help and --version.
    """
    try:
        settings = COMMAND.main([*arguments], prog_name="gridgrad-server", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    if not isinstance(settings, ServerSettings):
        sys.exit(0)  # it has shown what was asked for
    return settings
