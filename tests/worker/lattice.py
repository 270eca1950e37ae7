"""Partials by values of mpmath on a lattice about a point: all of them at once, with digits to lose."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath as mp

from gridgrad.checks.mpmath_reference import evaluate
from gridgrad_core.lang.program.program import Program

__all__ = ["all_partials"]

DIGITS = 90
DEGREE = 8
STEP = 2**-26
"""Of the point, whose fifth power is what a fifth derivative loses, and its fourth what the polynomial leaves out."""

PLACES = sorted(range(-(DEGREE // 2), DEGREE // 2 + 1), key=abs)


def all_partials(program: Program, point: Mapping[str, float], order: int) -> dict[tuple[int, ...], Any]:
    """The partials of a program of one component to an order, by how often they take each input.

    They are those of Newton's polynomial through values where the places of all inputs sum to the degree at most: one
    value of mpmath's for each term of it, where differences for each partial would ask for several of many more digits.

    Args:
        program: what to differentiate.
        point: the point; no kink or bound may be beside it.
        order: the largest number of inputs that a partial takes.

    Returns:
        A number of mpmath's for each.
    """
    with mp.workdps(DIGITS):
        about = {name: mp.mpf(x) for name, x in point.items()}
        least = min((abs(x) for x in point.values() if x), default=1)
        steps = [mp.mpf(abs(x) or least) * STEP for x in point.values()]
        terms = [at for at in itertools.product(range(DEGREE + 1), repeat=len(point)) if sum(at) <= DEGREE]
        found = {at: evaluate(program, _beside(about, steps, at))[0] for at in terms}
        for along in (_differences, _powers):
            for axis in range(len(point)):
                found = _along(axis, along, found)
        return {
            at: value * mp.fprod(mp.factorial(n) / step**n for n, step in zip(at, steps, strict=True))
            for at, value in found.items()
            if sum(at) <= order
        }


def _beside(about: Mapping[str, Any], steps: Sequence[Any], at: tuple[int, ...]) -> dict[str, Any]:
    return {name: x + step * PLACES[n] for (name, x), step, n in zip(about.items(), steps, at, strict=True)}


def _along(axis: int, along: Callable[[list[Any]], list[Any]], values: dict[tuple[int, ...], Any]) -> dict[Any, Any]:
    """What takes the place of the values on each line along an axis."""
    lines: dict[tuple[int, ...], list[Any]] = {}
    for at in sorted(values):
        lines.setdefault((*at[:axis], *at[axis + 1 :]), []).append(values[at])
    return {
        (*others[:axis], n, *others[axis:]): value
        for others, line in lines.items()
        for n, value in enumerate(along(line))
    }


def _differences(values: list[Any]) -> list[Any]:
    """Divided ones, at the first places."""
    for n in range(1, len(values)):
        for k in range(len(values) - 1, n - 1, -1):
            values[k] = (values[k] - values[k - 1]) / (PLACES[k] - PLACES[k - n])
    return values


def _powers(differences: list[Any]) -> list[Any]:
    """The coefficients of powers of what has these divided differences."""
    powers = [mp.mpf(0)] * len(differences)
    for difference, place in zip(reversed(differences), reversed(PLACES[: len(differences)]), strict=True):
        powers = [low - place * high for low, high in zip([mp.mpf(0), *powers[:-1]], powers, strict=True)]
        powers[0] += difference
    return powers
