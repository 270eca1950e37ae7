"""Callers that ask for what an equation defines: densities of nitrogen, and volatilities of listed options."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gridgrad
from benchmarks.harness.block import Run, in_turn

__all__ = ["GAS", "density", "density_request", "prepare", "volatility"]

SIDE = 300
OPTIONS = 205_000
_WORKLOAD = Path(__file__).parents[2] / "tests" / "workloads" / "nitrogen_properties.json"
GAS = 8.31451
_STEPS = 10

_CALL = """
d(s) = (log(100/K) + (0.02 + s**2/2)*T)/(s*sqrt(T))
c(s) = 100*norm_cdf(d(s)) - K*exp(-0.02*T)*norm_cdf(d(s) - s*sqrt(T))
v(s) = 100*norm_pdf(d(s))*sqrt(T)
"""
_DERIVATIVES = [("price",), ("price", "price")]


def prepare(address: str) -> str:
    """Has all of them compiled, so that no call meets the change; tells what computes them then."""
    with gridgrad.Client(address, sessions=False) as client:
        said = [
            client.prepare(*density_request(way), derivatives=_wanted(way), timeout=600)
            for way in ("solved", "points", "grid")
        ]
        said += [
            client.prepare(_volatility(way), _options(9), derivatives=_DERIVATIVES, timeout=600)
            for way in ("solved", "unrolled")
        ]
    return "; ".join(map(str, said))


@contextlib.contextmanager
def density(address: str, way: str) -> Iterator[Run]:
    """One caller of a grid of nitrogen.

    Args:
        address: of the server.
        way: "solved", the density from temperature and pressure with both partials; or the pressure from temperature
            and density with its partial by the density, at "points" in a list or on a "grid".
    """
    text, inputs = density_request(way)
    with gridgrad.Client(address) as client:
        yield in_turn(lambda: client.gradient(text, inputs, derivatives=_wanted(way)))


@contextlib.contextmanager
def volatility(address: str, way: str) -> Iterator[Run]:
    """One caller of a list of options: volatilities with two derivatives by the price.

    Args:
        address: of the server.
        way: "solved", or "unrolled", by ten steps of Newton's that are written out.
    """
    text, inputs = _volatility(way), _options(OPTIONS)
    with gridgrad.Client(address) as client:
        yield in_turn(lambda: client.gradient(text, inputs, derivatives=_DERIVATIVES))


def density_request(way: str) -> tuple[str, dict[Any, NDArray[np.float64]]]:
    """The expression and its inputs.

    Args:
        way: as `density` has it.
    """
    lines = json.loads(_WORKLOAD.read_text())["expression"].split("\n")
    (energy,) = (line for line in lines if line.startswith("ar = "))
    text = f"delta = rho/11183.9\ntau = 126.192/T\n{energy}\nq = rho*{GAS}*T*(1 + delta*diff(ar, delta))\n"
    temperatures = np.linspace(130.0, 600.0, SIDE)
    densities = np.linspace(100.0, 20_000.0, SIDE)
    if way == "grid":
        return f"{text}q", {"T": temperatures, "rho": densities}
    if way == "points":
        points = np.stack(np.meshgrid(temperatures, densities, indexing="ij"), -1).reshape(-1, 2)
        return f"{text}q", {("T", "rho"): points}
    return f"{text}solve(q - p, rho, p/({GAS}*T))", {"T": temperatures, "p": np.geomspace(1e5, 5e7, SIDE)}


def _wanted(way: str) -> list[tuple[str, ...]]:
    return [("T",), ("p",)] if way == "solved" else [("rho",)]


def _volatility(way: str) -> str:
    if way == "solved":
        return f"{_CALL}solve(c(s) - price, s, 0.5)"
    steps = "\n".join(f"s{n + 1} = s{n} - (c(s{n}) - price)/v(s{n})" for n in range(_STEPS))
    return f"{_CALL}s0 = 0.5\n{steps}\ns{_STEPS}"


def _options(count: int) -> dict[Any, NDArray[np.float64]]:
    random = np.random.default_rng(0)
    strikes, times = random.uniform(80, 120, count), random.uniform(0.25, 2, count)
    volatilities = random.uniform(0.15, 0.6, count)
    prices = [_price(*each) for each in zip(strikes, times, volatilities, strict=True)]
    return {("K", "T", "price"): np.column_stack([strikes, times, prices])}


def _price(strike: float, time: float, volatility: float) -> float:
    d = (math.log(100 / strike) + (0.02 + volatility**2 / 2) * time) / (volatility * math.sqrt(time))
    return 100 * _phi(d) - strike * math.exp(-0.02 * time) * _phi(d - volatility * math.sqrt(time))


def _phi(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2
