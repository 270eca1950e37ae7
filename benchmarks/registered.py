"""Registered torch functions beside the same formulas as text; a network beside JAX and its matrix products alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.harness.case import OLD_BUILD, Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN

__all__: list[str] = []

CALLS = {32: 100, 256: 20, 1024: 2}
"""Of a block, by the side of its grids."""
WAYS = ("registered", "text")
CALLERS = "benchmarks.calls.registered"
NETWORK = "benchmarks.peers.network"
FUNCTIONS = ("--functions", "benchmarks.peers.registered_formulas")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the rows."""
    options = parser(__doc__, rounds=7).parse_args(arguments)
    servers = {"ours": Server("gridgrad_server", (*LISTEN, *FUNCTIONS), warm=f"{CALLERS}:prepare")}
    run("registered", options, servers, lambda _: cases())


def cases() -> Iterator[Case]:
    """Each function on each grid, and a network to both orders."""
    for name in ("bilinear", "black_scholes"):
        for side, calls in CALLS.items():
            yield _formula(name, side, calls)
    for order, partials, of_jax in ((1, 3, 0.7), (2, 6, 0.5)):
        ours, jax, floor = _network(256, order, partials)
        goals = (
            Goal("p50", of=(OLD_BUILD,), most=0.1, label="of the old build"),
            Goal("p50", of=(jax.name,), most=of_jax, label="of JAX"),
            Goal("processor", of=(floor.name,), most=1.5, label="of its products"),
            Goal("worker growth MiB", most=128, label="memory"),
        )
        yield Case(f"2-64-64-1 network 256² to order {order}", (ours, jax, floor), goals, {"calls": 3})
    yield _small_network()


def _network(side: int, order: int, partials: int) -> tuple[Side, Side, Side]:
    jax = Side("jax.jit(vmap(jacfwd))", f"{NETWORK}:in_jax", {"side": side, "order": order}, kind="peer")
    floor = Side("torch.mm", f"{NETWORK}:products", {"side": side, "partials": partials}, kind="floor")
    return Side("network", f"{CALLERS}:network", {"side": side, "order": order}, "ours"), jax, floor


def _small_network() -> Case:
    ours, _, floor = _network(32, 1, 3)
    text = Side("text", f"{CALLERS}:formula", {"name": "black_scholes", "side": 32, "way": "text"}, "ours")
    goals = (
        Goal("p50", of=("text",), most=1.5, label="of Black-Scholes as text"),
        Goal("processor", of=(floor.name,), label="of its products"),
        Goal("p50", side=floor.name, of=("text",), label="its products of Black-Scholes as text"),
    )
    return Case("2-64-64-1 network 32² to order 1", (ours, text, floor), goals, {"calls": 50})


def _formula(name: str, side: int, calls: int) -> Case:
    sides = [Side(way, f"{CALLERS}:formula", {"name": name, "side": side, "way": way}, "ours") for way in WAYS]
    goals = (
        Goal("p50", of=("text",), most=1.2, label="of the same as text"),
        Goal("p50", of=(OLD_BUILD,), label="of the old build"),
    )
    return Case(f"{name} {side}² with both partials", tuple(sides), goals, {"calls": calls})


if __name__ == "__main__":
    main()
