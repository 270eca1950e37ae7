"""`python -m gridgrad_server`, and the script gridgrad-server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

__all__ = ["main"]

_NEEDED = "cachetools", "click", "grpc_health", "grpc_reflection", "torch"
"""What the extras server and worker bring; torch is the workers'."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until it is told to stop; `token` as the first argument changes a file of tokens instead.

    Args:
        arguments: the flags; those of the command line by default.

    Returns:
        The exit status: 0 after a drain, 1 when it can't serve, 2 when a setting or an address is wrong or a package
        is not installed.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["token"]:
        _token(given[1:])
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        found = f"{', '.join(missing)}: not installed"
        print(f"gridgrad-server: {found}; pip install 'gridgrad[server,worker]'", file=sys.stderr)
        return 2
    from gridgrad_server.config.command_line import parse

    settings = parse(given)
    from gridgrad_server.app import run

    return run(settings)


def _token(arguments: Sequence[str]) -> NoReturn:
    """`gridgrad-server token`, which needs nothing but click, and ends the program."""
    if find_spec("click") is None:
        print("gridgrad-server: click: not installed; pip install 'gridgrad[server]'", file=sys.stderr)
        sys.exit(2)
    from gridgrad_server.access.token_command import COMMAND

    COMMAND.main(arguments, prog_name="gridgrad-server token")


if __name__ == "__main__":
    sys.exit(main())
