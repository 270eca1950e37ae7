"""The command `gridgrad`: runs a sub-command, and turns what happens into an exit status.

Exit statuses: 0 done; 1 the server or the way to it failed, or a check found something; 2 the request or the
command line is wrong; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from gridgrad_core.errors import GridgradError, RequestError
from gridgrad_core.extras import optional

__all__ = ["main"]

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
COMPLETE = "_GRIDGRAD_COMPLETE"
"""The environment variable by which a shell asks for completions."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: those after the command's name; by default the process's own.

    Returns:
        The exit status.
    """
    # grpc's own notices, such as one of a connection that ends, would stand between our lines
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except BrokenPipeError:
        # The reader, such as head, has had enough; a second complaint at exit would be one too many
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except (GridgradError, OSError) as error:
        print(f"gridgrad: {error}", file=sys.stderr)
        return WRONG if isinstance(error, RequestError) else FAILED


def _run(arguments: list[str]) -> int:
    click, _ = (optional(package, "cli") for package in ("click", "rich"))
    from gridgrad.cli.commands import gridgrad

    if COMPLETE in os.environ:
        gridgrad.main(arguments, prog_name="gridgrad", complete_var=COMPLETE)  # answers the shell, and exits
    try:  # click's own main gives other exit statuses
        with gridgrad.make_context("gridgrad", arguments) as context:
            gridgrad.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return int(ended.exit_code)
    except click.ClickException as error:
        error.show()
        return int(error.exit_code)
    return DONE
