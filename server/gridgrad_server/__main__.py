"""`python -m gridgrad_server`, and the script gridgrad-server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

__all__ = ["main"]

_NEEDED = "cachetools", "click", "grpc_health", "grpc_reflection", "torch"
"""What the extras server and worker bring; torch is the workers'."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until it is told to stop.

    Args:
        arguments: the flags; those of the command line by default.

    Returns:
        The exit status: 0 after a drain, 1 when it can't serve, 2 when a setting or an address is wrong or a package
        is not installed.
    """
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        found = f"{', '.join(missing)}: not installed"
        print(f"gridgrad-server: {found}; pip install 'gridgrad[server,worker]'", file=sys.stderr)
        return 2
    from gridgrad_server.config.command_line import parse

    settings = parse(sys.argv[1:] if arguments is None else arguments)
    from gridgrad_server.app import run

    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
