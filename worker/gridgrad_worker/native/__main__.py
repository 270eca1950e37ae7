"""`python -m gridgrad_worker.native`: has the library of special functions in the cache. The server starts it.

To compile it takes a compiler tens of seconds, in which a worker would compute nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gridgrad_worker.native.errors import CannotCompileError
from gridgrad_worker.native.special_library import keep_library
from gridgrad_worker.runtime import process

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compiles it unless it is there; returns the exit status, 1 where it can't be, with why on standard error."""
    parser = argparse.ArgumentParser(
        prog="gridgrad_worker.native", description="Compiles the library of special functions for gridgrad-server."
    )
    parser.add_argument("--cache", type=Path, help="folder of compiled code")
    options = parser.parse_args(arguments)
    process.die_with_parent()
    process.end_group_with_this()
    process.keep_code_in(options.cache)
    try:
        keep_library()
    except (CannotCompileError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
