"""What it costs to know the callers: servers that ask for a token, beside one that asks nobody.

The second has one token in its file, the third 10,000 of 1,000 principals with limits. Then what quotas take of the
server's processor and memory, and what a caller waits beside a flood of another principal, with a tenth of the weight.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN, SMALL
from gridgrad_server.access.token_file import TokenEntry, digest_of

__all__: list[str] = []

CALLS, QUOTAS = "benchmarks.calls.single", "benchmarks.calls.quotas"
OPEN, ONE, MANY = "no tokens", "1 token", "10,000 tokens"
TOKENS, PRINCIPALS = 10_000, 1000
LIMITS = ("requests=64", "bytes=256MiB", "cost-rate=1e15", "sessions=64", "preparations=8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the tables."""
    options = parser(__doc__, rounds=10).parse_args(arguments)
    token, flood = secrets.token_urlsafe(), secrets.token_urlsafe()
    with tempfile.TemporaryDirectory() as folder:
        own = [TokenEntry("own", ("call",), digest_of(token))]
        own.append(TokenEntry("flood", ("call",), digest_of(flood), limits=("weight=0.1",)))
        few, many = Path(folder, "few"), Path(folder, "many")
        _write(few, own)
        _write(many, [*_others(), *own])
        os.environ["GRIDGRAD_TOKEN"] = token  # for what is called before anything is measured
        quota = [word for limit in LIMITS for word in ("--quota", limit)]
        servers = {
            OPEN: _server(),
            ONE: _server("--auth-tokens", str(few)),
            MANY: _server("--auth-tokens", str(many), *quota),
        }
        run("access", options, servers, lambda _: cases(token, flood))


def _server(*flags: str) -> Server:
    return Server("gridgrad_server", (*LISTEN, *flags), of_build=False, warm=f"{CALLS}:prepare")


def _write(path: Path, entries: Sequence[TokenEntry]) -> None:
    path.touch(0o600)
    path.write_text("".join(f"{entry.line()}\n" for entry in entries))


def _others() -> list[TokenEntry]:
    limits = ("weight=0.5", *LIMITS)
    return [
        TokenEntry(f"principal-{number % PRINCIPALS}", ("call",), secrets.token_bytes(32), limits=limits)
        for number in range(TOKENS)
    ]


def cases(token: str, flood: str) -> list[Case]:
    """All that is measured."""
    size = f"{SMALL}x{SMALL}"
    return [
        _calls(f"{size}, 1 caller", 1.03, token, {"side": SMALL}),
        _calls(f"{size} in a session", 1.0, token, {"side": SMALL, "sessions": True}),
        *_quotas(),
        _beside(size, token, flood),
    ]


def _calls(name: str, most: float, token: str, arguments: dict[str, object]) -> Case:
    sides = [
        Side(server, f"{CALLS}:gradient", {**arguments, "token": "" if server == OPEN else token}, server)
        for server in (ONE, MANY, OPEN)
    ]
    goals = [
        Goal(statistic, of=(OPEN,), most=most, side=side, label=side)
        for side in (ONE, MANY)
        for statistic in ("p50", "p99")
    ]
    return Case(name, tuple(sides), tuple(goals), {"calls": 300})


def _quotas() -> list[Case]:
    made = []
    for principals in (1, PRINCIPALS):
        side = Side("ours", f"{QUOTAS}:counted", {"principals": principals})
        made.append(Case(f"quotas, {principals} principals", (side,), (Goal("µs of quotas", most=3.0),), {"calls": 1}))
    side = Side("ours", f"{QUOTAS}:remembered", {"principals": PRINCIPALS})
    goal = Goal("bytes a principal", most=2048)
    return [*made, Case(f"memory, {PRINCIPALS} principals", (side,), (goal,), {"calls": 1}, rounds=3)]


def _beside(size: str, token: str, flood: str) -> Case:
    arguments = {"side": SMALL, "token": token}
    ours = Side("ours", f"{CALLS}:beside_a_flood", {**arguments, "flood": flood}, ONE)
    quiet = Side("quiet", f"{CALLS}:gradient", arguments, ONE, "peer")
    goals = Goal("p99", of=("quiet",), most=2.0), Goal("p50", of=("quiet",))
    # In a short block the first calls, which meet what was out while nobody else called, were all of the slowest 1 %
    return Case(f"{size} beside a flood with a tenth of its weight", (ours, quiet), goals, {"calls": 1000})


if __name__ == "__main__":
    main()
