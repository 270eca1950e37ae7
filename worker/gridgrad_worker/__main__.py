"""The worker process: `python -m gridgrad_worker --fd N --device cpu`. The server starts it."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Sequence

from gridgrad_core.system.logging import configure
from gridgrad_core.system.malloc import keep_freed_memory
from gridgrad_worker.runtime import process
from gridgrad_worker.runtime.channel import Channel
from gridgrad_worker.serving import compile_template, open_loop, parse

__all__ = ["main"]

EXIT_OK, EXIT_DEFECT, EXIT_FATAL = 0, 1, 3

_KEPT_BYTES = 1 << 28

_log = logging.getLogger("gridgrad_worker")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves the server at the other end of a socket until it closes it.

    Returns:
        The exit status: 0 after the socket was closed, 3 when the worker can't serve at all, which it
        has told the server, and 1 after a defect.
    """
    options = parse(arguments)
    process.ignore_signals()
    process.die_with_parent()
    keep_freed_memory(_KEPT_BYTES)
    process.spin_briefly()
    process.keep_code_in(options.cache)
    if options.aside:
        process.yield_to_others()
    configure(options.log_format, options.log_level, device=options.device, pid=os.getpid())
    with socket.socket(fileno=options.fd) as connection:
        try:
            return _serve(options, Channel(connection))
        except ConnectionError:
            return EXIT_OK
        except Exception:  # noqa: BLE001 - logged, whatever it is, before the process ends
            _log.exception("the worker ends on a defect; please report it")
            return EXIT_DEFECT


def _serve(options: argparse.Namespace, channel: Channel) -> int:
    with contextlib.ExitStack() as stack:
        # torch comes in here, after the signals are ignored and its environment is set
        template = compile_template(options)
        if template is not None:
            stack.callback(template.close)
        loop = open_loop(options, channel, template)
        if loop is None:
            return EXIT_FATAL
        with contextlib.closing(loop):
            loop.run()
    return EXIT_OK


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # before signals are ignored
        sys.exit(main())
