"""Runs a mix of everything for as long as told, and tells by how much each process grew: `python -m tests.soak`.

Callers in threads of this process ask small grids by gRPC and in sessions, floods by `map`, large grids, texts that
nobody asked before, every registered function, and what is refused, given up or cut off. They do so in rounds, each of
some seconds and of so many calls of each kind, however busy the machine is. Between rounds nothing is in flight, and
memory, descriptors and threads of the server, of its workers and of this process are read. The first third of them
fills caches; of the rest, the least that a process held after the first quarter and after the last one is compared.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import gridgrad
from benchmarks.harness.processes import Served, serve
from tests.service.harness import own_mib

__all__ = ["Growth", "Sample", "growth", "sample"]

WARM = 1 / 3
LEAST_ROUNDS = 12
LONGEST_ROUND_S = 30.0
PATIENCE_S = 120.0
"""How long a round may take beyond its own time, and how long the server may take to come to rest."""
_LIBC = ctypes.CDLL(None)
_M_ARENA_MAX = -8  # malloc.h
AXES = {"t": np.linspace(1, 2, 32), "k": np.linspace(2, 3, 32)}
LARGE = {"t": np.linspace(1, 2, 700), "k": np.linspace(2, 3, 600)}
KNOWN = ("t*exp(-k)", "sin(t*k)", "t*k + 2*t*k**2", "sqrt(t)/(1 + k)", "log(t + k), t*k")
WRONG = ("sine(t)", "t +", "t*x", "t**(k")


class Sample(NamedTuple):
    """What a process holds.

    Args:
        memory: of its own, in MiB: neither what it shares nor files.
        descriptors: open ones.
        threads: of it.
    """

    memory: float
    descriptors: int
    threads: int


LIMITS = Sample(memory=16.0, descriptors=8, threads=4)
"""How much a process may grow: caches go on filling, and allocators keep what they had."""


class Growth(NamedTuple):
    """How a process grew.

    Args:
        name: what it is.
        before: the least at the beginning.
        after: the least at the end.
    """

    name: str
    before: Sample
    after: Sample

    @property
    def exceeded(self) -> list[str]:
        """What it has more of than it may."""
        return [
            field
            for field, then, now, most in zip(Sample._fields, self.before, self.after, LIMITS, strict=True)
            if now - then > most
        ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs it and prints the table.

    Returns:
        1 if a process grew by more than it may or a call went wrong that must not, else 0.
    """
    options = _parser().parse_args(arguments)
    _LIBC.mallopt(_M_ARENA_MAX, 1)  # what is free at the end of another heap can't be given back
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    flags = ["--device", "cpu", "--workers", "2", "--listen", "127.0.0.1:0", "--functions", options.functions]
    with serve("gridgrad_server", [*flags, "--piece-cost", "200000", "--session-bytes", "128MiB"]) as served:
        samples, calls, failures = _soaked(served, options.seconds)
    growths = [growth(name, of_process) for name, of_process in samples.items()]
    print(f"{options.seconds:g} s, {sum(calls.values())} calls: {', '.join(f'{k} {n}' for k, n in calls.items())}")
    print(f"{'process':<12} {'MiB':>18} {'descriptors':>16} {'threads':>12}")
    for each in growths:
        print(_line(each))
    for failure in failures:
        print(f"went wrong: {failure}")
    grown = [f"{each.name} grew in {', '.join(each.exceeded)}" for each in growths if each.exceeded]
    print("; ".join(grown) or "nothing grew by more than it may")
    return int(bool(grown or failures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=600.0, help="for how long; by default 600")
    parser.add_argument("--functions", default="examples.functions", help="the module whose functions are called too")
    return parser


def _line(each: Growth) -> str:
    then, now = each.before, each.after
    return (
        f"{each.name:<12} {f'{then.memory:.1f} to {now.memory:.1f}':>18} "
        f"{f'{then.descriptors} to {now.descriptors}':>16} {f'{then.threads} to {now.threads}':>12}"
    )


def sample(pid: int) -> Sample:
    """What a process holds now."""
    folder = Path(f"/proc/{pid}")
    return Sample(own_mib(pid), len(list((folder / "fd").iterdir())), len(list((folder / "task").iterdir())))


def growth(name: str, samples: Sequence[Sample]) -> Growth:
    """Compares the first quarter with the last one, after the caches are warm.

    Args:
        name: of the process.
        samples: in the order in which they were taken.
    """
    counted = samples[int(len(samples) * WARM) :]
    quarter = max(1, len(counted) // 4)
    first, last = (
        [min(column) for column in zip(*part, strict=True)] for part in (counted[:quarter], counted[-quarter:])
    )
    return Growth(name, Sample(*first), Sample(*last))


def _soaked(served: Served, seconds: float) -> tuple[dict[str, list[Sample]], dict[str, int], list[str]]:
    """Samples by process, calls by kind, and what went wrong."""
    calls, failures = dict.fromkeys(KINDS, 0), list[str]()
    names = {"server": served.process.pid, "callers": os.getpid()}
    names |= {f"worker {number}": pid for number, pid in enumerate(served.workers())}
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    round_s, stop_at = min(LONGEST_ROUND_S, seconds / LEAST_ROUNDS), time.monotonic() + seconds
    while not failures and (time.monotonic() < stop_at or len(samples["server"]) < LEAST_ROUNDS):
        _round(served.address, round_s, calls, failures)
        _come_to_rest(served.address, failures)
        for name, pid in names.items():
            samples[name].append(sample(pid))
    return samples, calls, failures


def _round(address: str, seconds: float, calls: dict[str, int], failures: list[str]) -> None:
    """Calls in all ways at once, for so long and until there were enough calls of each kind."""
    end = threading.Event()
    threads = [threading.Thread(target=_call_on, args=(address, kind, end, calls, failures)) for kind in KINDS]
    enough = {name: calls[name] + kind.least for name, kind in KINDS.items()}
    for thread in threads:
        thread.start()
    stop_at = time.monotonic() + seconds
    try:
        while not failures and (time.monotonic() < stop_at or any(calls[kind] < enough[kind] for kind in enough)):
            if time.monotonic() > stop_at + PATIENCE_S:
                failures.append(f"{calls} calls are too few, {PATIENCE_S:g} s after the end of a round")
            end.wait(0.05)
    finally:
        end.set()
        for thread in threads:
            thread.join()


def _come_to_rest(address: str, failures: list[str]) -> None:
    """Waits until nothing is in flight, and gives back what this process does not use."""
    give_up_at = time.monotonic() + PATIENCE_S
    with gridgrad.Client(address, sessions=False) as client:
        while (load := client.server_status().load).entries or load.streams or load.sessions or load.held_bytes:
            if time.monotonic() > give_up_at:
                failures.append(f"the server holds {load}, {PATIENCE_S:g} s after all calls")
                break
            time.sleep(0.02)
    gc.collect()
    _LIBC.malloc_trim(0)  # results that are gone leave holes in the heap, larger or smaller


def _call_on(address: str, kind: str, end: threading.Event, calls: dict[str, int], failures: list[str]) -> None:
    """Calls in one way until the end, with a client that is now and then another."""
    try:
        while not end.is_set():
            with gridgrad.Client(address, sessions=kind != "by gRPC", timeout=60) as client:
                for _ in itertools.islice(KINDS[kind].calls(client), 500):
                    calls[kind] += 1
                    if end.is_set():
                        return
    except (gridgrad.GridgradError, AssertionError, OSError) as error:
        failures.append(f"{kind}: {type(error).__name__}: {error}")


def _small(client: gridgrad.Client) -> Iterator[None]:
    for text in itertools.cycle(KNOWN):
        result = client.gradient(text, AXES, order=1)
        assert np.isfinite(result.value).all()
        yield


def _floods(client: gridgrad.Client) -> Iterator[None]:
    while True:
        grids = [{"t": AXES["t"] + shift, "k": AXES["k"]} for shift in range(64)]
        for result in client.map(KNOWN[0], grids, wrt="t"):
            assert result.value.shape == (32, 32)
            yield


def _large(client: gridgrad.Client) -> Iterator[None]:
    while True:
        assert np.isfinite(client.gradient(KNOWN[1], LARGE, order=1).value).all()
        yield


def _new(client: gridgrad.Client) -> Iterator[None]:
    for number in itertools.count(time.monotonic_ns()):
        text = f"sin({number % 100_003}*t) + k/{number % 99_991 + 1}"
        client.explain(text, AXES, order=2) if number % 5 == 0 else client.gradient(text, AXES, order=2)
        time.sleep(0.02)
        yield


def _registered(client: gridgrad.Client) -> Iterator[None]:
    functions = client.functions()
    for function in itertools.cycle(functions):
        inputs = {each.name: np.linspace(0.1, 0.9, 8 if n < 3 else 1) for n, each in enumerate(function.inputs)}
        client.gradient(gridgrad.registered(function.name), inputs, wrt=[function.inputs[0].name])
        yield


def _refused(client: gridgrad.Client) -> Iterator[None]:
    for text in itertools.cycle(WRONG):
        with contextlib.suppress(gridgrad.RequestError):
            client.gradient(text, AXES)
            raise AssertionError(f"{text} was answered")
        yield


def _given_up(client: gridgrad.Client) -> Iterator[None]:
    while True:
        with contextlib.suppress(gridgrad.DeadlineError):
            client.gradient(KNOWN[3], LARGE, order=2, timeout=0.02)
        next(iter(client.windows(KNOWN[2], LARGE)))  # and no more of it
        client.server_status()
        time.sleep(0.05)
        yield


class Kind(NamedTuple):
    """A way to call.

    Args:
        calls: makes them, one after another.
        least: how many there are in a round at least.
    """

    calls: Callable[[gridgrad.Client], Iterator[None]]
    least: int


KINDS = {
    "in sessions": Kind(_small, 20),
    "by gRPC": Kind(_small, 20),
    "floods": Kind(_floods, 64),
    "large": Kind(_large, 1),
    "new texts": Kind(_new, 10),
    "registered": Kind(_registered, 40),
    "refused": Kind(_refused, 20),
    "given up": Kind(_given_up, 1),
}


if __name__ == "__main__":
    sys.exit(main())
