"""The arrays that the servers of a client keep, as far as it knows, so that they need not be sent again.

An array has its SHA-256 with it. A server says that it keeps those, and is from then on sent the SHA-256 alone. Which
of several servers answers is not known beforehand: one that has no such array says so, and gets it with its numbers.
"""

from __future__ import annotations

from gridgrad.requests.prepare import PreparedCall
from gridgrad_core.bounded_dict import BoundedDict
from gridgrad_core.errors import ForgottenArrayError, GridgradError, UnsupportedError

__all__ = ["SentArrays"]

DIGESTS_KEPT = 4096


class SentArrays:
    """The SHA-256 of the arrays that were kept last. Safe to share between threads: what is wrong is sent again."""

    def __init__(self) -> None:
        self._kept: BoundedDict[bytes, None] = BoundedDict(DIGESTS_KEPT)

    def named(self, call: PreparedCall) -> PreparedCall:
        """A call as it is to be sent: with the SHA-256 alone of what is kept."""
        named = frozenset([each for each in call.digests if each in self._kept])
        return call._replace(named=named) if named else call

    def learn(self, call: PreparedCall) -> None:
        """Takes in that the server which has answered a call keeps its arrays."""
        for digest in call.digests:
            self._kept[digest] = None

    def whole(self, call: PreparedCall) -> PreparedCall:
        """A call that was refused for what it names, with all numbers."""
        for digest in call.named:
            self._kept.pop(digest, None)
        return call._replace(named=frozenset())

    @staticmethod
    def are_missing(call: PreparedCall, error: GridgradError) -> bool:
        """Whether a call failed for want of numbers: at a server that has lost them, or at one that keeps none."""
        lost = isinstance(error, ForgottenArrayError | UnsupportedError) or error.field.endswith(".data")
        return bool(call.named) and lost
