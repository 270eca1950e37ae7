"""Texts that cost most for what they are: each is to be answered or refused, and to hold up nobody else."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["WORST", "WorstText"]


class WorstText(NamedTuple):
    """A text of t and k.

    Args:
        text: the expression.
        derivatives: what is asked for besides the value.
        side: points of each axis.
    """

    text: str
    derivatives: tuple[tuple[str, ...], ...] = ()
    side: int = 2


T, K, TK = ("t",), ("k",), ("t", "k")


def _lines(first: str, line: str, count: int) -> str:
    """Statements, each of the one before: {z} is that, {i} the number, {x} an input."""
    lines = [line.format(z=f"z{i - 1}", i=i, x="t" if i % 2 else "k") for i in range(1, count)]
    return "\n".join([f"z0 = {first}", *(f"z{i} = {each}" for i, each in enumerate(lines, 1)), f"z{count - 1}"])


def _sum(term: str, count: int) -> str:
    return " + ".join(term.format(i=i, j=i % 37, n=i % 50, m=i % 41) for i in range(count))


def _tower(height: int, inside: str = "exp(exp(exp(t)))") -> str:
    return "diff(" * height + inside + ", t, 4)" * height + " + k"


WORST = {
    "a chain of 7,300 sines": WorstText(_lines("t*k", "sin({z}*{x} + {i})", 7300), (T, K)),
    "a chain of 8,000 lines to order 2": WorstText(_lines("t*k", "sin({z}*{x} + {i})", 8000), (T, K, TK, (*T, *T))),
    "choices in choices": WorstText(_lines("t*k", "where({z} > {i}, {z}*t, {z} + k*{i})", 1500), (T, K, TK)),
    "3,000 powers and exponentials": WorstText(_sum("{i}.5*t**{n}.5*exp({i}*k)", 3000), (T, K, TK)),
    "2,500 products of powers": WorstText(_sum("{i}.25*t**{j}.5*k**{m}.5", 2500), (T, K, TK)),
    "3,000 error functions": WorstText(_sum("erfcx(t*k + {i})", 3000), side=32),
    "24,000 sines": WorstText(_sum("sin(t*k + {i})", 24_000), side=32),
    "a tower of derivatives": WorstText(_tower(12)),
    "a tower that never ends": WorstText(_tower(12, "exp(exp(exp(t*k)))*k")),
    "order 4 of a long chain": WorstText(
        _lines("t*k", "sin({z}*{x} + {i})", 4000), ((*T, *T, *T, *T), (*TK, *TK), (*K, *K, *K, *K))
    ),
}
"""By what they are."""
