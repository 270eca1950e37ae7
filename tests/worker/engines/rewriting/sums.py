"""Random sums, products, powers and quotients, as somebody writes them: with signs, repeats, numbers and brackets."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gridgrad_worker.engines.structured.planning.factored_sum import RANKS_PER_PASS as RANKS
from gridgrad_worker.engines.structured.planning.term_reader import _MOST_FACTORS as FACTORS

__all__ = ["FACTORS", "RANKS", "Sum", "long_sums", "sums"]

_NAMES = ("x", "y", "z", "t")
_NUMBERS = ("2", "3", "0.5", "0.1", "1", "1", "-1", "(1/3)", "4")


class Sum(NamedTuple):
    """An expression and the inputs that it is computed on.

    Args:
        text: the expression.
        dims: for each input in order, the dims of the grid that it has; none for a parameter.
        ndim: how many dims the grid has.
    """

    text: str
    dims: dict[str, tuple[int, ...]]
    ndim: int

    @property
    def masks(self) -> dict[str, int]:
        """The dims of each input as bits."""
        return {name: sum(1 << dim for dim in dims) for name, dims in self.dims.items()}


def sums(count: int, seed: int, ndims: Sequence[int] = (1, 2, 3, 4)) -> Iterator[Sum]:
    """Random expressions; grids of each number of dims and each order of axes come by turns.

    Args:
        count: how many.
        seed: of the random numbers.
        ndims: of the grids.
    """
    orders = [order for ndim in ndims for order in itertools.permutations(range(ndim))]
    draw = random.Random(seed)  # noqa: S311 - no secret
    for number in range(count):
        order = orders[number % len(orders)]
        dims: dict[str, tuple[int, ...]] = {name: (dim,) for name, dim in zip(_NAMES, order, strict=False)}
        dims["a"] = ()
        if len(order) > 1 and draw.random() < 0.25:
            dims["c"] = tuple(sorted(draw.sample(range(len(order)), 2)))  # a field
        yield Sum(_Writer(draw, tuple(dims)).expression(), dims, len(order))


class _Writer:
    def __init__(self, draw: random.Random, names: Sequence[str]) -> None:
        self._draw = draw
        self._names = names

    def expression(self) -> str:
        """One of all kinds."""
        kind = self._draw.choices(range(8), (6, 3, 2, 2, 1, 1, 1, 1))[0]
        one, other = self._sum(), self._sum()
        name, number = self._draw.choice(self._names), self._draw.choice(_NUMBERS)
        return (
            one,
            f"{self._exponential()}*({one})",
            f"{name}*({one})",
            f"({one})*({other})",
            f"({one})/{name}",
            f"-({one}) - {number}*({other})",
            f"({one})**2 - ({other})",
            f"({one})/(2 + ({other})**2)",
        )[kind]

    def _sum(self) -> str:
        """Of two to six terms, some of them there before."""
        terms: list[str] = []
        for _ in range(self._draw.randint(2, 6)):
            terms.append(self._draw.choice(terms) if terms and self._draw.random() < 0.2 else self._term())
        signs = self._draw.choices(("+", "-"), (3, 2), k=len(terms))
        text = " ".join(f"{sign} {term}" for sign, term in zip(signs, terms, strict=True))
        return text.removeprefix("+ ")

    def _term(self) -> str:
        """A product or quotient of up to four factors."""
        text = self._factor()
        for _ in range(self._draw.choices(range(4), (3, 4, 2, 1))[0]):
            text += f"{self._draw.choice('***/')}{self._factor()}"
        return text

    def _factor(self) -> str:
        kind = self._draw.choices(range(9), (8, 4, 5, 2, 2, 1, 1, 1, 2))[0]
        name, other = self._draw.choice(self._names), self._draw.choice(self._names)
        number, power = (
            self._draw.choice(_NUMBERS),
            self._draw.choice(("2", "3", "4", "5", "-1", "-2", "0.5", "1", "0")),
        )
        return (
            name,
            number,
            f"{name}**{power}",
            self._exponential(),
            f"{self._draw.choice(('sin', 'cos', 'log', 'sqrt'))}({name})",
            f"(1 + {name}*{other})",
            f"(-{name})",
            f"sin({name} - {number}*{other})",
            f"({self._draw.choice('- ')}{name}{self._draw.choice('*/')}{other})".replace(" ", ""),
        )[kind]

    def _exponential(self) -> str:
        parts = [
            f"{self._draw.choice('+-')}{self._draw.choice(('', '0.5*', '2*'))}{name}{self._draw.choice(('', '**2'))}"
            for name in self._draw.choices(self._names, k=self._draw.randint(1, 3))
        ]
        form = self._draw.choice(("{}", "{}", "0.5*({})", "({})/a", "-({})", "-({})*a/2"))
        return f"exp({form.format(''.join(parts))})"


def long_sums(seed: int) -> Iterator[Sum]:
    """Expressions on both sides of what is read and multiplied at most, of 2 dims.

    Args:
        seed: of the random numbers.
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    dims: dict[str, tuple[int, ...]] = {"x": (0,), "y": (1,)}

    def product(factors: int) -> str:
        return "*".join(draw.choice(("x", "y", "(-x)", "(y/2)", "sqrt(x)")) for _ in range(factors))

    for count in (FACTORS - 1, FACTORS, FACTORS + 1, 2 * FACTORS):
        yield Sum(f"x*y - {product(count)} - y + x", dims, 2)
        yield Sum(f"exp({' - '.join(draw.choice(('x/9', 'y/9')) for _ in range(count))})*(x - y) - y", dims, 2)
    for ranks in (1, 2, 3, RANKS - 1, RANKS, RANKS + 1):
        terms = [f"{draw.choice('+-')} x**{n}*y**{n}" for n in range(1, ranks + 1)]
        yield Sum(f"{' '.join(terms)} - y - y + x", dims, 2)
    for depth in (2, 5, 9, 10, 11, 14):
        steps = "; ".join(f"u{n + 1} = u{n}*0.5 - x*y + u{n} - y" for n in range(depth))
        yield Sum(f"u0 = x - y; {steps}; u{depth} - x", dims, 2)
