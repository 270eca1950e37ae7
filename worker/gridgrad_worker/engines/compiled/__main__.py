"""The compile process: `python -m gridgrad_worker.engines.compiled`. A worker starts it, with a job as its input.

It ends with status 0 if there is a package in the cache now, 3 if there can't be one, 75 if something that passes was
in the way, as a full disk is, and 1 after a defect.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gridgrad_worker.native.errors import MomentaryTroubleError, is_momentary
from gridgrad_worker.runtime import process

__all__ = ["EXIT_MOMENTARY", "main"]

EXIT_KEPT, EXIT_REFUSED, EXIT_MOMENTARY = 0, 3, os.EX_TEMPFAIL

_NICE = 19


def main(arguments: Sequence[str] | None = None) -> int:
    """Compiles the job on the standard input, and keeps what comes of it.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="gridgrad_worker.engines.compiled", description="Compiles a job of a worker.", allow_abbrev=False
    )
    parser.add_argument("--root", type=Path, required=True, help="the cache's directory")
    parser.add_argument("--cache-bytes", type=int, required=True, help="how much the cache may take")
    options = parser.parse_args(arguments)
    os.nice(_NICE)
    process.die_with_parent()
    process.spin_briefly()
    os.umask(0o077)
    job = sys.stdin.read()
    process.end_group_with_this()  # it may be killed with its worker, and the compiler would go on for minutes
    try:
        refused = _make(job, options.root, options.cache_bytes)
    except (MomentaryTroubleError, OSError) as error:
        if isinstance(error, OSError) and not is_momentary(error):
            raise
        print(error, file=sys.stderr)
        return EXIT_MOMENTARY
    if refused:
        print(refused, file=sys.stderr)
        return EXIT_REFUSED
    return EXIT_KEPT


def _make(text: str, root: Path, cache_bytes: int) -> str:
    """Why there can be no package of a job; empty if there is one now."""
    with tempfile.TemporaryDirectory(prefix="making-", dir=root) as workplace:
        os.environ["TMPDIR"] = tempfile.tempdir = workplace
        # torch comes in here, after its environment is set
        from gridgrad_worker.engines.compiled.codegen.job import CompileJob
        from gridgrad_worker.engines.compiled.make import make

        return make(CompileJob.from_json(text), root, cache_bytes, Path(workplace))


if __name__ == "__main__":
    sys.exit(main())
