"""What lies where in a lane: memory by which a caller on this machine asks a worker and is answered by it alone.

    caller writes                                          worker writes
    REQUESTS   for each slot a number, another for         ANSWERS   the same number once the call is answered
               each call, after the call's numbers         OUTCOMES  what came of it, before that
    IS_WAITING that it sleeps, and is to be rung           SECONDS   how long it took
                                                           IS_ASLEEP that it sleeps, and is to be rung
                                                           MAY_SPIN  whether there are processors to wait busily

All are 32-bit numbers but the seconds, 64-bit floats. Who writes a number that the other waits for has written before
what it stands for; so processors are asked for that keep the order of stores (`keeps_order`). A *bell* is a stream
socket: a byte over it wakes the other end, and its end says that the other is gone.

Nothing here is trusted: a worker takes a request's number for no more than another than the last, and copies the
numbers of a call before it looks at them.
"""

from __future__ import annotations

import platform
import sys

__all__ = ["ANSWERS", "CONTROL_BYTES", "DONE", "IS_ASLEEP", "IS_WAITING", "MAY_SPIN", "MOST_SLOTS", "OUTCOMES",
           "REQUESTS", "SECONDS", "keeps_order"]  # fmt: skip

MOST_SLOTS = 64
"""Of a lane."""

IS_ASLEEP, MAY_SPIN, IS_WAITING = 0, 4, 64
REQUESTS = 128
ANSWERS = REQUESTS + 4 * MOST_SLOTS
OUTCOMES = ANSWERS + 4 * MOST_SLOTS
SECONDS = OUTCOMES + 4 * MOST_SLOTS
"""Where they begin, in bytes; those of slots follow each other."""

CONTROL_BYTES = 4096
"""What they take; numbers and results come after."""

DONE = 0
"""The outcome of a call that was computed. After any other it goes to the server."""


def keeps_order() -> bool:
    """Whether others on this machine see what a process stores in the order in which it is stored."""
    return sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")
