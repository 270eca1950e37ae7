"""Jets over points: values and partials of arrays of features, and the rules by which operations carry them on.

A jet has the partial of every derivative of a closed set: with a derivative all of its parts are in it. A partial that
is zero everywhere is left out, so that affine layers of the inputs cost what their values do. Points are the last dim,
which is of length 1 where a partial is the same at all of them.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from gridgrad_worker.engines.functional.partials import Derivative

__all__ = ["Jet", "Orders", "Slopes", "constant", "linear", "over_points"]

Slopes = Sequence[Tensor | None]
"""A function of one number and its derivatives, at an array; None for a derivative that is 0 everywhere."""


class Jet(NamedTuple):
    """An array that depends on the point.

    Args:
        shape: of its features.
        parts: by derivative, [*shape, points] each, the value at ().
    """

    shape: tuple[int, ...]
    parts: dict[Derivative, Tensor]

    @property
    def value(self) -> Tensor:
        """The value, [*shape, points]."""
        return self.parts[()]


class _Term(NamedTuple):
    """A term of a partial of f(u): how often it comes, the order of f, and the partials of u that it multiplies."""

    times: int
    order: int
    blocks: tuple[Derivative, ...]


class Orders:
    """A closed set of derivatives, and the rules of products and compositions for each.

    Args:
        wanted: the derivatives asked for, by positions of inputs, ascending.
    """

    def __init__(self, wanted: Sequence[Derivative]) -> None:
        closed = {part for each in wanted for count in range(len(each) + 1) for part in _parts(each, count)}
        self.derivatives: tuple[Derivative, ...] = tuple(sorted(closed | {()}, key=lambda each: (len(each), each)))
        self.most = max(map(len, self.derivatives))
        self._splits = {each: _splits(each) for each in self.derivatives}
        self._terms = {each: _terms(each) for each in self.derivatives if each}

    def product(self, one: Jet, other: Jet) -> Jet:
        """The product of two jets that broadcast, by Leibniz' rule."""
        return self.bilinear(torch.mul, one, other, np.broadcast_shapes(one.shape, other.shape))

    def bilinear(self, by: Callable[[Tensor, Tensor], Tensor], one: Jet, other: Jet, shape: Sequence[int]) -> Jet:
        """What is linear in each of two jets.

        Args:
            by: makes it of their partials.
            one, other: the jets.
            shape: of its features.
        """
        parts: dict[Derivative, Tensor] = {}
        for derivative, splits in self._splits.items():
            found: Tensor | None = None
            for count, left, right in splits:
                if left in one.parts and right in other.parts:
                    term = by(one.parts[left], other.parts[right])
                    term = term if count == 1 else term * count
                    found = term if found is None else found + term
            if found is not None:
                parts[derivative] = found
        return Jet(tuple(shape), parts)

    def composed(self, jet: Jet, slopes: Slopes) -> Jet:
        """A function of a jet, element by element, by Faà di Bruno's formula.

        Args:
            jet: its argument u.
            slopes: f and its derivatives to the highest order of the set, at the value of u.
        """
        parts: dict[Derivative, Tensor] = {(): cast("Tensor", slopes[0])}
        for derivative, terms in self._terms.items():
            found: Tensor | None = None
            for count, order, blocks in terms:
                slope = slopes[order]
                if slope is None or any(block not in jet.parts for block in blocks):
                    continue
                term = math.prod([jet.parts[block] for block in blocks[1:]], start=jet.parts[blocks[0]])
                term = term if count == 1 else term * count
                found = slope * term if found is None else torch.addcmul(found, slope, term)
            if found is not None:
                parts[derivative] = found
        return Jet(jet.shape, parts)


def linear(jet: Jet, by: Callable[[Tensor], Tensor], shape: Sequence[int] | None = None) -> Jet:
    """What is linear in a jet: each of its partials by itself.

    Args:
        jet: the jet.
        by: makes it of a partial.
        shape: of its features, if it is another.
    """
    found = {derivative: by(part) for derivative, part in jet.parts.items()}
    return Jet(jet.shape if shape is None else tuple(shape), found)


def constant(numbers: Tensor) -> Jet:
    """The jet of an array that is the same at all points."""
    return Jet(tuple(numbers.shape), {(): numbers.unsqueeze(-1)})


def over_points(parts: Sequence[Tensor]) -> list[Tensor]:
    """Partials, expanded to the points of the one that has most."""
    points = max(part.shape[-1] for part in parts)
    return [part.expand(*part.shape[:-1], points) for part in parts]


def _parts(derivative: Derivative, count: int) -> Iterator[Derivative]:
    return itertools.combinations(derivative, count)


def _splits(derivative: Derivative) -> tuple[tuple[int, Derivative, Derivative], ...]:
    """In how many ways a derivative falls into two."""
    found: Counter[tuple[Derivative, Derivative]] = Counter()
    for chosen in itertools.product((True, False), repeat=len(derivative)):
        left = tuple(each for each, is_left in zip(derivative, chosen, strict=True) if is_left)
        right = tuple(each for each, is_left in zip(derivative, chosen, strict=True) if not is_left)
        found[left, right] += 1
    return tuple((count, left, right) for (left, right), count in found.items())


def _terms(derivative: Derivative) -> tuple[_Term, ...]:
    """In how many ways a derivative falls into blocks."""
    found = Counter(tuple(sorted(blocks)) for blocks in _partitions(derivative))
    return tuple(_Term(count, len(blocks), blocks) for blocks, count in found.items())


def _partitions(elements: Derivative) -> Iterator[tuple[Derivative, ...]]:
    """All partitions of elements, of which equal ones count as different."""
    if not elements:
        yield ()
        return
    first, rest = elements[0], elements[1:]
    for blocks in _partitions(rest):
        yield ((first,), *blocks)
        for place, block in enumerate(blocks):
            yield (*blocks[:place], (first, *block), *blocks[place + 1 :])
