"""Terms and what they were read from."""

from __future__ import annotations

from gridgrad_worker.engines.structured.planning.terms import Addend, Term, Trail, one_factor, operations_of


def test_signs_of_products_multiply() -> None:
    one, other = Term(negative=True, factors=(1,)), Term(negative=True, divisors=(2,))
    assert one.times(other) == Term(False, (1,), (2,))
    assert one.times(Term(factors=(3,))) == Term(True, (1, 3), ())


def test_a_trail_is_walked_once_wherever_it_is_shared() -> None:
    shared = Trail(frozenset({1, 2}), Trail(frozenset({3}), None))
    addends = [Addend(n, Term(), Term(), Trail(frozenset({10 + n}), shared)) for n in range(3)]
    assert operations_of(addends) == {1, 2, 3, 10, 11, 12}
    assert operations_of(addends[:1]) == {1, 2, 3, 10}
    assert operations_of([Addend(0, Term(), Term(), None)]) == set()


def test_an_addend_is_its_scale_times_its_product_or_its_node() -> None:
    addend = Addend(7, Term(negative=True, factors=(1,)), Term(factors=(2, 3)), None)
    assert addend.term == Term(True, (1, 2, 3), ())
    assert addend.whole == Term(True, (1, 7), ())


def test_a_factor_multiplies_or_divides() -> None:
    assert one_factor(4, False) == Term(factors=(4,))
    assert one_factor(4, True) == Term(divisors=(4,))
