"""What a benchmark declares: servers, cases, their sides, and goals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

OLD_BUILD = "the old build"

__all__ = ["OLD_BUILD", "Case", "Goal", "Kind", "Server", "Side"]

Kind: TypeAlias = Literal["ours", "peer", "floor"]


@dataclass(frozen=True)
class Server:
    """A server that sides call.

    Args:
        module: what `python -m` runs; it takes --address-file.
        flags: its flags; "{name}" in them is the address of the server of that name.
        environment: its variables, with addresses likewise.
        of_build: whether each build runs its own; else one of this build serves all.
        warm: a function ("module:function") that is called with its address before anything is measured; what it
            returns is printed.
    """

    module: str
    flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    of_build: bool = True
    warm: str = ""


@dataclass(frozen=True)
class Side:
    """Something that is timed in a case, in turns with the other sides.

    Args:
        name: what it is called; of ours, short.
        call: "module:function" of a context manager that gives a `Run`.
        arguments: what that takes; beside `address` where there is a server.
        server: the server whose address it gets, and whose time and memory are counted as its own.
        kind: what is ours runs in each build, a peer or a floor in this one.
        role: what its own process is: a client, or the worker itself.
        order: what its blocks do, where that isn't what the case says.
        units: how many points, grids or gigabytes a call is about; `rate` counts these.
        processes: how many child processes make its calls at the same time.
        host: sides with the same host share a child process; by default ours share one in each build.
        environment: variables of its child process.
        python: the interpreter of its child process; by default this one's.
    """

    name: str
    call: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    server: str = ""
    kind: Kind = "ours"
    role: Literal["client", "worker"] = "client"
    order: Mapping[str, Any] | None = None
    units: float = 1.0
    processes: int = 1
    host: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = ""


@dataclass(frozen=True)
class Goal:
    """A row of the table: a figure of one of our sides, alone or as a ratio.

    Args:
        statistic: which figure: "p50" and "p99" in ms, "per unit" in ns, "rate" in units/s, "processor" in µs a unit,
            "client", "server" or "worker MiB" of peak memory and "... growth MiB", or a figure that blocks bring.
        of: names of sides that it is divided by; of several, by the best. Empty: the figure itself counts. `OLD_BUILD`:
            the same in the old build.
        most: what it may be at most.
        least: what it must be at least. With neither, it is only shown.
        side: whose figure; by default that of the first side.
        of_statistic: which figure of the others; by default the same.
        label: what the row is called beside its case.
    """

    statistic: str = "p50"
    of: tuple[str, ...] = ()
    most: float | None = None
    least: float | None = None
    side: str = ""
    of_statistic: str = ""
    label: str = ""

    def limit(self) -> str:
        """The goal as it is printed."""
        if self.most is not None:
            return f"<= {self.most:g}"
        return f">= {self.least:g}" if self.least is not None else ""

    def met_by(self, value: float) -> bool:
        """Whether a value is within the limits."""
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


@dataclass(frozen=True)
class Case:
    """Sides that are measured in turns, and the rows that come of it.

    Args:
        name: what it is called.
        sides: what is measured, ours first.
        goals: its rows.
        order: what blocks do.
        warm: whether each side runs a block first that isn't counted.
        rounds: blocks of each side; by default what the command line says.
    """

    name: str
    sides: tuple[Side, ...]
    goals: tuple[Goal, ...] = (Goal(),)
    order: Mapping[str, Any] = field(default_factory=lambda: {"calls": 100})
    warm: bool = True
    rounds: int | None = None
