"""`python -m gridgrad_server`, and the script gridgrad-server."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gridgrad_server.main import run
from gridgrad_server.settings import parse

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until it is told to stop.

    Args:
        arguments: the flags; those of the command line by default.

    Returns:
        The exit status: 0 after a drain, 1 when it can't serve, 2 when a setting or an address is wrong.
    """
    return run(parse(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    sys.exit(main())
