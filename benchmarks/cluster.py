"""What more than one machine costs: a list of servers beside one address, a worker in a Ray cluster beside a local one.

Both addresses of the list are of one server, so that nothing differs but the way there. The worker in the cluster runs
on this machine too, reached by memory as its server then does, or by a socket as one elsewhere, beside Ray Serve doing
the same by `serve.batch` if an interpreter is given that has it. A caller by a handle of Ray shares memory with the
cluster, as one of ours does in a session with the server.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec

from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run

__all__: list[str] = []

WORKER = ("--device", "cpu", "--workers", "1")
SIDES = {32: 100, 256: 30}
"""Sides of square grids, and how many calls a block of them has."""
HOPS = {32: 100, 1024: 6}
"""Likewise. The results of the second are of 25 MB."""
CALLERS = 32
STORE_MIB = 512
ONE, TWO = "one address", "a list of two"
LOCAL = "a local worker"
MEMORY, SOCKET, SESSION = "in the cluster by memory", "in the cluster by a socket", "by memory, in a session"
PEERS = {"by_http": "Ray Serve by HTTP", "by_handle": "Ray Serve by a handle"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    made = parser(__doc__, rounds=10)
    made.add_argument(
        "--serve", metavar="PYTHON", default="", help="an interpreter that has ray[serve]; by default none is asked"
    )
    options = made.parse_args(arguments)
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    lists = [_lists(side, calls) for side, calls in SIDES.items()]
    hops = _hops(options.serve) if find_spec("ray") else []
    run("cluster", options, _servers(with_ray=bool(hops)), lambda _: [*lists, *hops])


def _servers(*, with_ray: bool) -> dict[str, Server]:
    warm = "benchmarks.calls.single:prepare"
    local = Server("gridgrad_server", ("--listen", "0.0.0.0:0", *WORKER), warm=warm)
    if not with_ray:
        return {LOCAL: local}
    node = ("--cpus", "8", "--store-mib", str(STORE_MIB))
    remote = ("--listen", "127.0.0.1:0", *WORKER, "--ray", "{nodes}")
    return {
        LOCAL: local,
        "nodes": Server("benchmarks.peers.ray_nodes", node, of_build=False),
        MEMORY: Server("gridgrad_server", remote, warm=warm),
        SOCKET: Server("gridgrad_server", (*remote, "--ray-channel", "socket"), warm=warm),
    }


def _lists(side: int, calls: int) -> Case:
    hosts = {TWO: ["127.0.0.1", "127.0.0.2"], ONE: ["127.0.0.1"]}
    call = "benchmarks.calls.single:at_hosts"
    sides = [Side(name, call, {"side": side, "hosts": listed}, LOCAL) for name, listed in hosts.items()]
    goals = (Goal(of=(ONE,), most=1.02, label=TWO), Goal("processor", of=(ONE,), label=TWO))
    return Case(f"{side}x{side}, 1 caller", tuple(sides), goals, {"calls": calls})


def _hops(python: str) -> list[Case]:
    """The same calls of a worker in the cluster, of a local one, and of Ray Serve."""
    return [*(_hop(side, calls, python) for side, calls in HOPS.items()), _crowd(python)]


def _hop(side: int, calls: int, python: str) -> Case:
    call = "benchmarks.calls.single:gradient"
    ours = [Side(name, call, {"side": side}, name) for name in (MEMORY, SOCKET, LOCAL)]
    ours.append(Side(SESSION, call, {"side": side, "sessions": True}, MEMORY))
    peers = _peers({"callers": 1, "side": side}, python)
    goals = [Goal(of=(LOCAL,), side=way, label=way) for way in (MEMORY, SOCKET)]
    goals += [
        Goal(of=(peer.name,), most=0.5, side=way, label=way) for peer in peers for way in (MEMORY, SOCKET, SESSION)
    ]
    return Case(f"{side}x{side} by Ray", (*ours, *peers), tuple(goals), {"calls": calls})


def _crowd(python: str) -> Case:
    asked = {"callers": CALLERS, "side": 32}
    ways = MEMORY, SOCKET
    ours = [Side(name, "benchmarks.calls.crowd:ours", asked, name) for name in (*ways, LOCAL)]
    ours.append(Side(SESSION, "benchmarks.calls.crowd:ours", {**asked, "sessions": True}, MEMORY))
    peers = _peers(asked, python)
    goals = [Goal("rate", of=(LOCAL,), side=way, label=way) for way in ways]
    goals += [Goal("rate", of=(peer.name,), least=3, side=way, label=way) for peer in peers for way in (*ways, SESSION)]
    return Case(f"{CALLERS} callers of 32x32 by Ray", (*ours, *peers), tuple(goals), {"calls": 20})


def _peers(asked: dict[str, int], python: str) -> list[Side]:
    """Ray Serve, each way with a cluster of its own."""
    return [
        Side(name, f"benchmarks.peers.serve_batch:{call}", asked, kind="peer", host=f"{call} {asked}", python=python)
        for call, name in (PEERS.items() if python else ())
    ]


if __name__ == "__main__":
    main()
