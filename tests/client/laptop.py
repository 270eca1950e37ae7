"""A plugin for pytest (`-p tests.client.laptop`) that takes from Python what laptops without Linux lack.

That is memfd and its seals, SO_PEERCRED, abstract unix sockets, fork and uvloop. Modules that are loaded later see a
system without them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
from typing import Any

LACKING = (
    (os, ("memfd_create", "MFD_CLOEXEC", "MFD_ALLOW_SEALING", "fork", "forkpty", "register_at_fork")),
    (fcntl, ("F_ADD_SEALS", "F_GET_SEALS", "F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_SEAL")),
    (socket, ("SO_PEERCRED",)),
)


def _refuse_abstract(event: str, arguments: tuple[Any, ...]) -> None:
    """There is no file whose name begins with a zero."""
    if event in ("socket.connect", "socket.bind"):
        address = arguments[1]
        if isinstance(address, str | bytes) and address[:1] in ("\0", b"\0"):
            raise OSError(errno.ENOENT, "no abstract sockets here")


for module, names in LACKING:
    for name in names:
        delattr(module, name)
sys.modules["uvloop"] = None  # type: ignore[assignment]  # importing it is an ImportError then
sys.addaudithook(_refuse_abstract)
