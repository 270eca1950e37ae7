"""Quotas: what each principal takes, or where there are none each host, and that it is no more than it may.

Invariants:
* Who has nothing under way, and is in no debt, finds a place whatever the size of what he sends: a limit makes nobody
  wait for ever.
* Of hosts that have nothing under way and are in no debt no more is kept than of those that have, or _LEAST_KEPT. Of
  principals there are as many as have credentials.

The rate of cost is a token bucket that goes into debt: the cost of a grid is known only when it is read, and a grid may
cost more than a second's worth.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from gridgrad_core.errors import BusyError
from gridgrad_server.config.quota_limits import UNLIMITED, QuotaLimits, limits_of

__all__ = ["Account", "Quotas", "owner_of", "share_of"]

_BURST_S = 1.0
_ROOM_AFTER_S = 0.1
"""When to come again where nobody knows when there will be room."""

_PRINCIPAL = "@"
_LEAST_KEPT = 1024
"""Accounts that there may be before idle ones are looked for; then twice as many as are not."""


def owner_of(caller: str) -> str:
    """Whose account a caller's is: the principal's, or the host's."""
    return caller.rpartition(" ")[0] or caller


def share_of(caller: str) -> str:
    """Who takes the turns of a caller: the principal, or where there are none the client of a host."""
    return owner_of(caller) if caller[:1] == _PRINCIPAL else caller


class Account:
    """What one has under way, and has had.

    Args:
        owner: the principal, or the host.
        limits: how much that may be.

    Attributes:
        limits: the same.
        requests: under way.
        held_bytes: for these.
        preparations: under way.
        total_requests: that were let in.
        total_cost: of these.
        refused: how often it was too much.
    """

    __slots__ = ("_at", "_holds_little", "_left", "_owner", "held_bytes", "limits", "preparations", "refused",
                 "requests", "total_cost", "total_requests")  # fmt: skip

    def __init__(self, owner: str, limits: QuotaLimits) -> None:
        self._owner = owner
        self.requests = self.held_bytes = self.preparations = 0
        self.total_requests = self.total_cost = self.refused = 0
        self._left = limits.cost_rate * _BURST_S
        self._at = time.monotonic()
        self.set_limits(limits)

    def set_limits(self, limits: QuotaLimits) -> None:
        """Takes other limits; a debt stays, as far as the new rate can pay it in a second."""
        self._left = max(min(self._left, limits.cost_rate * _BURST_S), -limits.cost_rate)
        self._holds_little = limits.requests < math.inf or limits.bytes < math.inf
        self.limits = limits

    def check_room(self, requests: int, held_bytes: int) -> None:
        """Refuses what is more than it may have under way.

        Raises:
            BusyError: it is.
        """
        if self.has_room(requests, held_bytes):
            return
        if requests and self.requests + requests > self.limits.requests:
            raise self._refused(f"{self.requests} requests under way", "requests", self.limits.requests)
        raise self._refused(f"{self.held_bytes + held_bytes} bytes under way", "bytes", self.limits.bytes)

    def has_room(self, requests: int, held_bytes: int) -> bool:
        """Whether it may have so many more; its only request may take all the bytes that there are."""
        if not self._holds_little:
            return True
        if requests and self.requests + requests > self.limits.requests:
            return False
        has_others = self.requests + requests > 1
        return not has_others or self.held_bytes + held_bytes <= self.limits.bytes

    def hold(self, requests: int, held_bytes: int) -> None:
        """Counts more, or less, as under way."""
        self.requests += requests
        self.held_bytes += held_bytes

    def debt_s(self) -> float:
        """Seconds until it may spend again; 0 for now."""
        rate = self.limits.cost_rate
        if rate == math.inf:
            return 0.0
        now = time.monotonic()
        self._left = min(self._left + (now - self._at) * rate, rate * _BURST_S)
        self._at = now
        return max(0.0, -self._left / rate)

    def spend(self, cost: int) -> None:
        """Charges it with the cost of a request.

        Raises:
            BusyError: earlier ones have cost more than its rate allows until now.
        """
        wait_s = self.debt_s()
        if wait_s:
            raise self._refused("a greater cost than its rate", "cost-rate", self.limits.cost_rate, wait_s)
        self._left -= cost
        self.total_requests += 1
        self.total_cost += cost

    def spend_in_lane(self, requests: int, cost: int) -> None:
        """Charges it with what went through a lane."""
        self._left -= cost
        self.total_requests += requests
        self.total_cost += cost

    def left(self) -> float:
        """What it may cost now; 0 while it is in debt."""
        return max(0.0, self._left) if not self.debt_s() else 0.0

    def check_sessions(self, are_open: int) -> None:
        """Refuses one more session.

        Raises:
            BusyError: there are as many open as it may have.
        """
        if are_open >= self.limits.sessions:
            raise self._refused(f"{are_open} sessions open", "sessions", self.limits.sessions)

    def prepare(self) -> Callable[[], None]:
        """Counts a call of Prepare as under way.

        Returns:
            What counts it as done.

        Raises:
            BusyError: there are as many as there may be.
        """
        if self.preparations >= self.limits.preparations:
            found = f"{self.preparations} calls of Prepare under way"
            raise self._refused(found, "preparations", self.limits.preparations)
        self.preparations += 1

        def done() -> None:
            self.preparations -= 1

        return done

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to remember of it."""
        return not (self.requests or self.held_bytes or self.preparations or self.debt_s())

    def _refused(self, found: str, name: str, most: float, wait_s: float = _ROOM_AFTER_S) -> BusyError:
        self.refused += 1
        who = self._owner.removeprefix(_PRINCIPAL) if self._owner.startswith(_PRINCIPAL) else "your host"
        remedy = f"retry in {wait_s:.3g} s, or ask the operator"
        error = BusyError("", f"{who} has {found}; its limit is {name}={most:.10g}", remedy)
        error.pushback_s = wait_s
        return error


class Quotas:
    """The accounts.

    Args:
        usual: the limits of whom nothing else is said.
        is_on: whether anything is counted.
    """

    def __init__(self, usual: QuotaLimits = UNLIMITED, is_on: bool = True) -> None:
        self._usual = usual
        self._own: Mapping[str, QuotaLimits] = {}
        self._accounts: dict[str, Account] = {}
        self._is_on = is_on
        self._forget_at = _LEAST_KEPT

    def __bool__(self) -> bool:
        return self._is_on

    def __len__(self) -> int:
        return len(self._accounts)

    def replace(self, limits: Mapping[str, Iterable[str]]) -> None:
        """Takes what is said of principals, each as words such as "requests=64"."""
        self._own = {f"{_PRINCIPAL}{name}": limits_of(words, self._usual) for name, words in limits.items()}
        for owner, account in self._accounts.items():
            account.set_limits(self._own.get(owner, self._usual))

    def weight_of(self, share: str) -> float:
        """The weight of whose turns these are; that of a host's clients is that of the host."""
        return self._own.get(share, self._usual).weight

    def array_bytes_of(self, owner: str) -> float:
        """How many bytes of arrays of a principal or host are kept."""
        return self._own.get(owner, self._usual).array_bytes

    def cache_bytes_of(self, owner: str) -> float:
        """How many bytes of compiled code of a principal or host are kept on disk."""
        return self._own.get(owner, self._usual).cache_bytes

    def account(self, caller: str) -> Account:
        """The account of a caller's principal or host."""
        owner = owner_of(caller)
        account = self._accounts.get(owner)
        if account is None:
            if len(self._accounts) >= self._forget_at:
                self._forget_idle()
            account = self._accounts[owner] = Account(owner, self._own.get(owner, self._usual))
        return account

    def principals(self) -> Iterator[tuple[str, Account]]:
        """The accounts of principals by their names, in the order in which they came."""
        for owner, account in self._accounts.items():
            if owner.startswith(_PRINCIPAL):
                yield owner.removeprefix(_PRINCIPAL), account

    def _forget_idle(self) -> None:
        idle = [owner for owner, each in self._accounts.items() if not owner.startswith(_PRINCIPAL) and each.is_idle]
        for owner in idle:
            del self._accounts[owner]
        self._forget_at = max(_LEAST_KEPT, 2 * len(self._accounts))
