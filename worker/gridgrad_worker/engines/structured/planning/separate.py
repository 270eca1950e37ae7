"""Separation: sums of products become matrix products, and products meet by the dims of their factors.

Whether a number may be computed so is decided by a guard at run time (`guard`), on what is listed
here: the factors of every term.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, masks_of
from gridgrad_worker.engines.structured.planning.terms import Addend, Exponential, Factor, Reader, Term, operations_of

__all__ = ["CheckedTerm", "SeparatedProgram", "separate"]

_STEPS_PER_NODE = 32
_RANKS_PER_PASS = 16
"""A matrix product takes about as long as one operation on the grid, and as another for so many terms."""

_WRITTEN = ("add", "sub", "neg", "mul", "div", "exp")
"""What may be written as a sum of products."""

_WORTH = 2
"""How many operations on the grid must be saved in all for the guard to pay."""

_WEIGHTS = {"exp": 4, "div": 2}
"""How much longer operations take than a product."""

_LARGEST_EXPONENT = 800
"""Of a constant, up or down, that others are multiplied into."""


class CheckedTerm(NamedTuple):
    """The factors of a term, as nodes: what is multiplied, what is divided by, and the arguments of exponentials."""

    factors: tuple[int, ...]
    divisors: tuple[int, ...]
    exponents: tuple[int, ...]
    negative_exponents: tuple[int, ...]


class SeparatedProgram(NamedTuple):
    """A program whose sums are separated.

    Args:
        nodes: arguments first, those of the op `SEPARATED` too.
        outputs: the node of each plane of the results.
        checked: the terms of each sum that was changed; they must stay within range.
        ranks: the number of terms of each matrix product.
        saved: how many operations on the grid that saves, as many products as they take the time of.
    """

    nodes: list[Node]
    outputs: tuple[int, ...]
    checked: tuple[tuple[CheckedTerm, ...], ...]
    ranks: tuple[int, ...]
    saved: float


class _Form(NamedTuple):
    """How to write a sum: that of left * right, each of them sums of terms, and what can't be separated."""

    split: int
    pairs: tuple[tuple[tuple[Term, ...], tuple[Term, ...]], ...]
    terms: tuple[Term, ...]
    rest: tuple[Term, ...]


def separate(nodes: Sequence[Node], outputs: Sequence[int], inputs: Mapping[str, int]) -> SeparatedProgram:
    """Separates the sums of a program.

    Args:
        nodes: of a program, arguments first.
        outputs: the node of each plane of the results.
        inputs: the mask of each input.
    """
    masks = masks_of(nodes, inputs)
    saved, forms, needed = _forms(nodes, outputs, masks)
    writer = _Writer(nodes, masks)
    for index in sorted(needed):
        writer.write(index, forms.get(index))
    checked = tuple(dict.fromkeys(writer.checked))
    places = tuple(writer.places[i] for i in outputs)
    return SeparatedProgram(writer.builder.nodes, places, checked, tuple(writer.ranks), saved)


def _forms(
    nodes: Sequence[Node], outputs: Sequence[int], masks: Sequence[int]
) -> tuple[float, dict[int, _Form], set[int]]:
    """How many operations are saved, how to write what is worth it, and which nodes are then needed."""
    reader = Reader(nodes, masks)
    budget = _STEPS_PER_NODE * len(nodes)
    forms: dict[int, _Form] = {}
    needed = set(outputs)
    hopeless: set[int] = set()  # sums within sums that are best as they are written
    total = 0.0
    for index in range(len(nodes) - 1, -1, -1):
        if index not in needed:
            continue
        may = masks[index].bit_count() > 1 and nodes[index].op in _WRITTEN and index not in hopeless
        saved, form = _form(reader, nodes, index, masks) if may and reader.steps < budget else (0.0, None)
        if form is None:
            needed.update(nodes[index].args)
            if may:
                hopeless |= reader.sums
        else:
            total += saved
            forms[index] = form
            needed.update(_nodes_of(form.terms))
            needed.update(_nodes_of(form.rest))
    return (total, forms, needed) if total >= _WORTH else (0.0, {}, set(range(len(nodes))))


def _form(reader: Reader, nodes: Sequence[Node], index: int, masks: Sequence[int]) -> tuple[float, _Form | None]:
    """The best way to write a node, and how many operations it saves; None if that is how it is written."""
    addends = reader.terms(index)
    best: tuple[float, _Form | None] = (0.0, None)
    for split in range(1, masks[index].bit_length()) if addends else ():
        form, read = _split(addends or [], split, masks)
        saved = sum(_WEIGHTS.get(nodes[i].op, 1) for i in read) - _cost(form, masks)
        if form.pairs and saved > best[0]:
            best = (saved, form)
    return best


def _split(addends: Sequence[Addend], split: int, masks: Sequence[int]) -> tuple[_Form, set[int]]:
    """Separates terms into what depends on dims before and from `split` on, and says which operations that saves."""
    separable: list[tuple[Term, Term, Term]] = []
    rest: list[Term] = []
    taken: list[Addend] = []
    for addend in addends:
        sides = _sides(addend.term, split, masks)
        if sides is None:
            rest.append(addend.whole)
        else:
            separable.append((addend.term, *sides))
            taken.append(addend)
    by_left: dict[Term, list[Term]] = {}
    by_right: dict[Term, list[Term]] = {}
    for _, left, right in separable:
        by_left.setdefault(_unsigned(left), []).append(right._replace(negative=left.negative != right.negative))
    for _, left, right in separable:
        scalars, pure = _scalars_apart(right, masks)
        by_right.setdefault(pure, []).append(left.times(scalars))
    pairs: list[tuple[tuple[Term, ...], tuple[Term, ...]]]
    if len(by_left) <= len(by_right):
        pairs = [((left,), tuple(rights)) for left, rights in by_left.items()]
    else:
        pairs = [(tuple(lefts), (right,)) for right, lefts in by_right.items()]
    return _Form(split, tuple(pairs), tuple(term for term, _, _ in separable), tuple(rest)), operations_of(taken)


def _sides(term: Term, split: int, masks: Sequence[int]) -> tuple[Term, Term] | None:
    """What of a term depends on dims before `split`, and the rest, scalars included."""
    low = (1 << split) - 1
    left, right = Term(), Term(term.negative)
    for position, factors in enumerate((term.factors, term.divisors)):
        for factor in sorted(factors, key=_order):
            mask = factor.mask if isinstance(factor, Exponential) else masks[factor]
            if mask & low and mask & ~low:
                return None
            one = Term(divisors=(factor,)) if position else Term(factors=(factor,))
            if mask & low:
                left = left.times(one)
            else:
                right = right.times(one)
    return left, right


def _scalars_apart(right: Term, masks: Sequence[int]) -> tuple[Term, Term]:
    def of(factors: Sequence[Factor], scalar: bool) -> tuple[Factor, ...]:
        return tuple(f for f in factors if (_mask(f, masks) == 0) == scalar)

    scalars = Term(right.negative, of(right.factors, True), of(right.divisors, True))
    return scalars, Term(False, of(right.factors, False), of(right.divisors, False))


def _mask(factor: Factor, masks: Sequence[int]) -> int:
    return factor.mask if isinstance(factor, Exponential) else masks[factor]


def _order(factor: Factor) -> tuple[int, str]:
    return (factor, "") if isinstance(factor, int) else (-1, repr(factor))


def _unsigned(term: Term) -> Term:
    return term._replace(negative=False)


def _cost(form: _Form, masks: Sequence[int]) -> float:
    """In operations on the grid."""
    rest = len(form.rest)
    if not form.pairs:
        return float(rest)
    return rest + min(_passes(form, masks), 1 + len(form.pairs) / _RANKS_PER_PASS)


def _passes(form: _Form, masks: Sequence[int]) -> int:
    """How many operations on the grid the sum takes without a matrix product."""
    mixed = sum(not (_is_scalar(left, masks) or _is_scalar(right, masks)) for left, right in form.pairs)
    return mixed + len(form.pairs) - 1


def _is_scalar(terms: Sequence[Term], masks: Sequence[int]) -> bool:
    """Whether a sum has no dims, so that what it multiplies stays on the dims that it has."""
    return all(_mask(factor, masks) == 0 for term in terms for factor in term.factors + term.divisors)


def _sign(terms: tuple[Term, ...]) -> int:
    """1 or -1 where a sum is that number, one term without factors; else 0: 1 + 1 is neither."""
    if len(terms) != 1 or terms[0].factors or terms[0].divisors:
        return 0
    return -1 if terms[0].negative else 1


def _constant(numbers: Sequence[float]) -> float | None:
    """The product of some numbers; None if it comes near the ends of the normal ones, or there is nothing to multiply.

    Exponents are added, so that no product on the way overflows or loses digits where the whole does not.
    """
    parts = [math.frexp(number) for number in numbers]
    exponent = sum(power for _, power in parts)
    if not numbers or (len(numbers) > 1 and abs(exponent) > _LARGEST_EXPONENT):
        return None
    return math.ldexp(math.prod(fraction for fraction, _ in parts), exponent)


def _nodes_of(terms: Sequence[Term]) -> set[int]:
    found: set[int] = set()
    for term in terms:
        for factor in term.factors + term.divisors:
            if isinstance(factor, Exponential):
                found |= _nodes_of(factor.parts)
            else:
                found.add(factor)
    return found


class _Writer:
    """Writes the separated program."""

    def __init__(self, nodes: Sequence[Node], masks: Sequence[int]) -> None:
        self.builder = Builder()
        self.places: dict[int, int] = {}
        self.checked: list[tuple[CheckedTerm, ...]] = []
        self.ranks: list[int] = []
        self._nodes = nodes
        self._masks = masks

    def write(self, index: int, form: _Form | None) -> None:
        """Writes a node, after all that it needs."""
        node = self._nodes[index]
        if form is not None:
            self.places[index] = self._form(form)
        elif node.op == "input":
            self.places[index] = self.builder.input(str(node.value))
        elif node.op == "const":
            self.places[index] = self.builder.const(node.number)
        else:
            self.places[index] = self.builder.op(node.op, *(self.places[a] for a in node.args))

    def _form(self, form: _Form) -> int:
        self.checked.append(tuple(dict.fromkeys(map(self._checks, form.terms))))
        pairs = [(self._sum(left), self._sum(right)) for left, right in form.pairs]
        if _passes(form, self._masks) <= 1 + len(pairs) / _RANKS_PER_PASS:
            total = self._termwise(form, pairs)
        else:
            self.ranks.append(len(pairs))
            total = self.builder.op(SEPARATED, *(u for u, _ in pairs), *(v for _, v in pairs))
        return self._added([(False, total), *((term.negative, self._product(term)) for term in form.rest)])

    def _termwise(self, form: _Form, pairs: Sequence[tuple[int, int]]) -> int:
        written = [self._pair(sides, places) for sides, places in zip(form.pairs, pairs, strict=True)]
        return self._added(sorted(written, key=lambda pair: pair[0]))

    def _pair(self, sides: tuple[tuple[Term, ...], tuple[Term, ...]], places: tuple[int, int]) -> tuple[bool, int]:
        """The product of two sums, and whether it is subtracted: what is multiplied by 1 or -1 is not multiplied."""
        (left, right), (u, v) = map(_sign, sides), places
        if left:
            return left < 0, v
        return (right < 0, u) if right else (False, self.builder.op("mul", u, v))

    def _sum(self, terms: Sequence[Term]) -> int:
        """A sum, beginning with a term that is not subtracted if there is one."""
        ordered = sorted(terms, key=lambda term: term.negative)
        return self._added([(term.negative, self._product(term)) for term in ordered])

    def _added(self, terms: Sequence[tuple[bool, int]]) -> int:
        """The sum of nodes, those subtracted that say so."""
        (negative, total), *rest = terms
        if negative:
            total = self.builder.op("neg", total)
        for subtracted, term in rest:
            total = self.builder.op("sub" if subtracted else "add", total, term)
        return total

    def _product(self, term: Term) -> int:
        """A product without its sign, what is constant first."""
        above, below = self._multiplied(term.factors), self._multiplied(term.divisors)
        if below is None:
            return self.builder.const(1.0) if above is None else above
        return self.builder.op("div", self.builder.const(1.0) if above is None else above, below)

    def _multiplied(self, factors: Sequence[Factor]) -> int | None:
        places = sorted(map(self._factor, factors))
        numbers = [node.number for place in places if (node := self.builder.nodes[place]).op == "const"]
        constant = _constant(numbers)
        if constant is None:
            written = places
        else:
            written = [place for place in places if self.builder.nodes[place].op != "const"]
            if constant != 1.0 or not written:
                written.insert(0, self.builder.const(constant))
        if not written:
            return None
        total = written[0]
        for place in written[1:]:
            total = self.builder.op("mul", total, place)
        return total

    def _factor(self, factor: Factor) -> int:
        if isinstance(factor, int):
            return self.places[factor]
        return self.builder.op("exp", self._sum(factor.parts))

    def _checks(self, term: Term) -> CheckedTerm:
        def plain(factors: Sequence[Factor]) -> tuple[int, ...]:
            return tuple(self.places[f] for f in factors if isinstance(f, int))

        def exponents(factors: Sequence[Factor]) -> tuple[int, ...]:
            return tuple(self._sum(f.parts) for f in factors if isinstance(f, Exponential))

        return CheckedTerm(plain(term.factors), plain(term.divisors), exponents(term.factors), exponents(term.divisors))
