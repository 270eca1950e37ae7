"""When to try again: only what is transient, a bounded number of times, within the caller's timeout."""

from __future__ import annotations

import time

from gridgrad.protocol.error_mapping import Failure
from gridgrad_core.errors import RequestError, StartingError

__all__ = ["Attempts", "OpeningBackoff", "timeout_of"]

FIRST_DELAY_S = 0.1
FACTOR = 2.0
JITTER = 0.25

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

NO_LIMIT_FROM_S = 1e8
"""What counts as no limit, three years: gRPC takes 8e9 s and more for a time that has passed, and sockets for none."""

STARTING_DELAY_S = 0.25
"""How often to ask a server that is starting, which takes some seconds."""


class Attempts:
    """The attempts at one call. With the default of 5 retries they span about 3 s when nobody answers.

    Those at a server that is starting don't count: it says that it will have a worker, so they end with the timeout.

    Args:
        retries: how many may follow the first attempt.
        timeout_s: for all of them together; None for no limit.
    """

    __slots__ = ("_began_at", "_deadline_at", "_retries", "_used", "timeout_s")

    def __init__(self, retries: int, timeout_s: float | None) -> None:
        self.timeout_s = timeout_s
        self._retries = retries
        self._used = 0
        self._began_at = time.monotonic()
        self._deadline_at = None if timeout_s is None else self._began_at + timeout_s

    def left_s(self) -> float | None:
        """The timeout of the next attempt."""
        return None if self._deadline_at is None else max(self._deadline_at - time.monotonic(), 0.0)

    def passed_s(self) -> float:
        """Seconds since the first of them."""
        return time.monotonic() - self._began_at

    def anew(self) -> Attempts:
        """As many again, until the same time."""
        another = Attempts(self._retries, self.timeout_s)
        another._began_at, another._deadline_at = self._began_at, self._deadline_at
        return another

    def progressed(self) -> None:
        """Forgets the attempts so far, since one has succeeded in part."""
        self._used = 0

    def wait_s(self, failure: Failure) -> float:
        """How long to wait before the next attempt.

        Args:
            failure: how the last one failed.

        Returns:
            Seconds.

        Raises:
            GridgradError: that of the failure, when there is to be no next attempt.
        """
        delay_s = self._delay_s(failure)
        left_s = self.left_s()
        starting = isinstance(failure.error, StartingError) and self._retries > 0
        if (
            not failure.transient
            or (self._used >= self._retries and not starting)
            or (left_s is not None and delay_s >= left_s)
        ):
            raise failure.error from failure.cause
        self._used += not starting
        return delay_s

    def _delay_s(self, failure: Failure) -> float:
        if isinstance(failure.error, StartingError):
            return STARTING_DELAY_S
        import random  # a first attempt, which most calls are, loads no more than it uses

        # Jitter, so that callers that failed together do not come back together
        if failure.pushback_s is not None:
            return failure.pushback_s * (1 + JITTER * random.random())  # noqa: S311 - no secret
        return FIRST_DELAY_S * FACTOR**self._used * (1 + JITTER * random.uniform(-1, 1))  # noqa: S311 - no secret


def timeout_of(timeout: float | None, default_s: float | None) -> float | None:
    """The timeout of a call.

    Args:
        timeout: what the caller gave: seconds, infinity or years for no limit, None for the client's default.
        default_s: that default; None for no limit.

    Raises:
        RequestError: it is no positive number.
    """
    if timeout is None:
        return default_s
    if not isinstance(timeout, int | float) or not timeout > 0:
        raise RequestError("timeout", f"{timeout!r}", "give seconds, more than 0")
    return None if timeout >= NO_LIMIT_FROM_S else float(timeout)


class OpeningBackoff:
    """When to try to open a session: after a call has shown that the server answers, and seldom where it was refused.

    Args:
        allowed: whether ever.
    """

    def __init__(self, allowed: bool) -> None:
        self._allowed = allowed
        self._server_answers = False
        self._not_before = 0.0
        self._pause_s = FIRST_PAUSE_S

    def may_try(self) -> bool:
        """Whether to try now."""
        return self._allowed and self._server_answers and time.monotonic() >= self._not_before

    def succeeded(self) -> None:
        """Notes that the server has answered a call by gRPC."""
        self._server_answers = True

    def opened(self) -> None:
        """Notes that a session was opened."""
        self._pause_s = FIRST_PAUSE_S

    def failed(self) -> None:
        """Notes that none could be opened: the next try is later each time."""
        self._not_before = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def lost(self) -> None:
        """Notes that a session broke: the server may be gone."""
        self._server_answers = False
