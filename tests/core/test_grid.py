"""The arithmetic of grids and of derivatives."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Grid, InputSpec, canonical, expand_order, grid_of, in_step_remedy


def test_dims_stand_in_the_order_in_which_they_first_appear() -> None:
    specs = [
        InputSpec("x", ("i", "j"), (2, 3)),
        InputSpec("c", (), ()),
        InputSpec("t", ("t",), (4,)),
        InputSpec("y", ("j",), (3,)),
    ]
    assert grid_of(specs) == Grid(("i", "j", "t"), (2, 3, 4))
    assert grid_of(specs).points == 24
    assert grid_of([]) == Grid((), ())
    assert grid_of([]).points == 1


@pytest.mark.parametrize(
    ("specs", "complaint"),
    [
        ([InputSpec(f"x{n}", ("i",), (1,)) for n in range(17)], "17 inputs with dims; send at most 16"),
        ([InputSpec(f"x{n}", (), ()) for n in range(513)], "513 numbers; send at most 512"),
        ([InputSpec(f"x{n}", (f"x{n}",), (1,)) for n in range(9)], "a grid of 9 dims; use at most 8"),
        ([InputSpec("x", (), ())] * 2, r"inputs\[1\].name: 'x' a second time"),
        ([InputSpec("x", ("i", "j"), (2,))], r"inputs\[0\].dims: 2 dims \['i', 'j'\] for an array of shape \[2\]"),
        ([InputSpec("x", ("i", "i"), (2, 2))], "a repeated dim"),
        ([InputSpec("x", ("i",), (2,)), InputSpec("y", ("i",), (1,))], "length 1 in 'y' and 2 in 'x'"),
    ],
)
def test_inputs_that_span_no_grid(specs: list[InputSpec], complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint):
        grid_of(specs)


@pytest.mark.parametrize("inputs", range(1, 6))
@pytest.mark.parametrize("order", range(5))
def test_partials_are_counted_as_they_are_listed(inputs: int, order: int) -> None:
    names = "abcde"[:inputs]
    listed = expand_order(names, order)
    assert len(listed) == len({canonical(d, names) for d in listed}) == math.comb(inputs + order, order) - 1
    assert [len(d) for d in listed] == sorted(len(d) for d in listed)


def test_derivatives_are_sorted_as_the_inputs_stand() -> None:
    assert canonical(["k", "t", "k"], ["t", "k"]) == ("t", "k", "k")
    assert canonical([], ["t"]) == ()


@pytest.mark.parametrize(
    ("derivative", "names", "complaint"),
    [
        (["z"], ["t", "k"], "with respect to 'z', which is no input; use one of t, k"),
        (["z"], [], "there are no inputs"),
        (["t"] * 5, ["t"], "order 5 .*ask for order 4 at most"),
    ],
)
def test_derivatives_that_can_not_be_had(derivative: list[str], names: list[str], complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint):
        canonical(derivative, names)


@pytest.mark.parametrize(
    ("lengths", "remedy"),
    [
        (
            {"x": 9, "y": 9},
            'where x and y go in step, a point for each place, give {"x": ("point", x), "y": ("point", y)}',
        ),
        ({"x": 9, "y": 5, "z": 9, "w": 5, "v": 9}, 'where x, z and v go in step, a point for each place, give {"x": '),
        ({"a": 7, "b": 7, "c": 7, "d": 7}, '"c": ("point", c), ...}'),
        ({"x": 9, "y": 8}, ""),
        ({"x": 1, "y": 1}, ""),
        ({}, ""),
    ],
)
def test_axes_of_one_length_may_be_the_columns_of_a_table(lengths: dict[str, int], remedy: str) -> None:
    found = in_step_remedy([InputSpec(name, (name,), (length,)) for name, length in lengths.items()])
    assert remedy in found
    assert bool(found) == bool(remedy)


def test_inputs_that_share_a_dim_go_in_step_already() -> None:
    assert not in_step_remedy(
        [InputSpec("x", ("point",), (9,)), InputSpec("y", ("point",), (9,)), InputSpec("c", (), ())]
    )
