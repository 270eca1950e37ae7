"""Batches under mixed load, beside the same server with batching off.

Three functions in two dtypes, on ragged grids of 8×8 to 512×512, come at random times from a client process
of its own, at 10, 30, 60 and 90 % of the rate that the server with batches sustains. Blocks of calls alternate
between the two servers. A latency counts from when a call was due, so that a client held up hides nothing.
Small grids, of 64×64 points at most, are shown by themselves too: they show whether large ones hold them up.
The goal: the p99 at 60 % is at most 3 times the p50 without batches at 10 %.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.measure import Sample
from benchmarks.processes import serve

LOADS = (0.1, 0.3, 0.6, 0.9)
GOAL = 3.0
SMALL_POINTS = 64 * 64
WIDTH = 12


class Block(NamedTuple):
    """What was measured of one server at one load."""

    calls: list[tuple[float, int, int]]
    elapsed_s: float

    @property
    def all(self) -> Sample:
        """The calls."""
        return Sample([seconds for seconds, _, _ in self.calls], self.elapsed_s)

    @property
    def small(self) -> Sample:
        """Those for small grids, whose time is waiting more than computing."""
        return Sample([seconds for seconds, _, points in self.calls if points <= SMALL_POINTS], self.elapsed_s)

    @property
    def batch_size(self) -> float:
        """The mean size of a batch: each of its entries tells the size of the whole."""
        return len(self.calls) / sum(1 / size for _, size, _ in self.calls)

    @classmethod
    def of(cls, blocks: list[Block]) -> Block:
        """Several as one."""
        return cls([call for each in blocks for call in each.calls], sum(each.elapsed_s for each in blocks))


Client = subprocess.Popen[str]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="blocks of calls for each server and load")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long a block is, about")
    parser.add_argument("--flags", default="", help="further flags of both servers")
    options = parser.parse_args()
    flags = ["--listen", "127.0.0.1:0", *options.flags.split()]
    with (
        serve("gridgrad_server", flags) as on,
        serve("gridgrad_server", [*flags, "--batch-cost", "1"]) as off,
        _client(on.address) as with_batches,
        _client(off.address) as without,
    ):
        capacity = _capacity(with_batches)
        _capacity(without)
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        print(f"at most {capacity:.0f} calls/s from 32 callers; ms from when a call was due\n")
        heads = (
            "load",
            "calls/s",
            "batch size",
            "p50",
            "p99",
            "small p50",
            "p99",
            "without: p50",
            "p99",
            "small p50",
            "p99",
        )
        print("  ".join(head.rjust(WIDTH) for head in heads))
        measured = [_measured(load, capacity, with_batches, without, options) for load in LOADS]
    ratio = measured[LOADS.index(0.6)][0].all.p99 / measured[LOADS.index(0.1)][1].all.p50
    verdict = "met" if ratio <= GOAL else "missed"
    print(f"\np99 at 60 % by p50 without batches at 10 %: {ratio:.1f}, goal <= {GOAL:g}: {verdict}")


def _measured(
    load: float, capacity: float, with_batches: Client, without: Client, options: argparse.Namespace
) -> tuple[Block, Block]:
    rate = load * capacity
    requests = max(30, int(rate * options.seconds))
    blocks: tuple[list[Block], list[Block]] = [], []
    for number in range(options.rounds):
        for client, taken in zip((with_batches, without), blocks, strict=True):
            taken.append(_ask(client, requests, rate, number))
    on, off = Block.of(blocks[0]), Block.of(blocks[1])
    times = [f"{each:.1f}" for block in (on, off) for kind in (block.all, block.small) for each in (kind.p50, kind.p99)]
    cells = (f"{load:.0%}", f"{rate:.0f}", f"{on.batch_size:.2f}", *times)
    print("  ".join(cell.rjust(WIDTH) for cell in cells), flush=True)
    return on, off


def _capacity(client: Client) -> float:
    _ask(client, 300, 0.0, 0)  # every kind once, and warm
    return max(_ask(client, 500, 0.0, number).all.rate for number in range(3))


@contextlib.contextmanager
def _client(address: str) -> Iterator[Client]:
    command = [sys.executable, "-m", "benchmarks.arrivals", address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def _ask(client: Client, requests: int, rate: float, seed: int) -> Block:
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(json.dumps([requests, rate, seed]) + "\n")
    client.stdin.flush()
    elapsed_s, calls = json.loads(client.stdout.readline())
    return Block(calls, elapsed_s)


if __name__ == "__main__":
    main()
