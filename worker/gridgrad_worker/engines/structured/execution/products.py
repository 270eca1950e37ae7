"""Matrix products: Σ uᵢ(a)vᵢ(b) over a panel, in zero-padded blocks of one shape.

What a matrix product rounds depends on its shape and on how its rows lie in it. So the blocks of a
panel all have one shape, which follows from the panel's, and begin at the panel's origin: a number
is then computed the same way whatever was cut from the grid, and whatever else is in the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gridgrad_worker.devices.threads import one_thread_where_short
from gridgrad_worker.engines.structured.planning.plan import Step

__all__ = ["BLOCK_POINTS", "SMALL", "Factors", "Sides", "block_shape", "prepare", "split_of", "write_product"]

BLOCK_POINTS = 1 << 16
_LONGEST = 1 << 10
SMALL = 64
"""The longest side of a panel whose blocks have the shape of all small ones."""
_SMALL_BLOCK = 32


class Factors(NamedTuple):
    """The factors of a sum over a panel.

    Args:
        left: [requests, terms, rows of blocks], zeros after the panel's own rows.
        right: [requests, terms, columns of blocks].
        block: the rows and columns of a block.
    """

    left: Tensor
    right: Tensor
    block: tuple[int, int]


def block_shape(rows: int, columns: int) -> tuple[int, int]:
    """The shape of the blocks of a panel."""
    if rows <= SMALL and columns <= SMALL:
        return _SMALL_BLOCK, _SMALL_BLOCK
    width = min(columns, _LONGEST)
    return min(rows, max(1, BLOCK_POINTS // width)), width


def split_of(steps: Sequence[Step], index: int) -> int:
    """The dim before which the dims of the u end and from which on those of the v begin."""
    args = steps[index].args
    left = 0
    for i in args[: len(args) // 2]:
        left |= steps[i].mask
    return left.bit_length()


_Groups = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


class Sides(NamedTuple):
    """The factors of a sum on either side, those of one mask together.

    Args:
        left: groups of (where among the terms, which steps).
        right: the same.
        terms: how many.
    """

    left: _Groups
    right: _Groups
    terms: int

    @classmethod
    def of(cls, steps: Sequence[Step], index: int) -> Sides:
        """The factors of a separated sum."""
        args = steps[index].args
        terms = len(args) // 2
        return cls(_by_mask(steps, args[:terms]), _by_mask(steps, args[terms:]), terms)


def _by_mask(steps: Sequence[Step], factors: Sequence[int]) -> _Groups:
    groups: dict[tuple[int, bool], list[tuple[int, int]]] = {}
    for position, factor in enumerate(factors):
        groups.setdefault((steps[factor].mask, steps[factor].op == "const"), []).append((position, factor))
    return tuple((tuple(p for p, _ in group), tuple(f for _, f in group)) for group in groups.values())


def prepare(sides: Sides, split: int, shape: Sequence[int], stacked: Callable[[Sequence[int]], Tensor]) -> Factors:
    """Puts the factors of a panel in place.

    Args:
        sides: which steps they are.
        split: the dim from which on those on the right depend on dims.
        shape: of the panel, [requests, one length for each dim].
        stacked: gives the results of steps of one mask, [steps, requests, one length for each dim], 1
            where they do not depend on it.
    """
    left_dims = [*shape[1 : split + 1], *[1] * (len(shape) - 1 - split)]
    right_dims = [*[1] * split, *shape[split + 1 :]]
    block = block_shape(math.prod(left_dims), math.prod(right_dims))
    left = _in_place(sides.left, sides.terms, [shape[0], *left_dims], block[0], stacked)
    right = _in_place(sides.right, sides.terms, [shape[0], *right_dims], block[1], stacked)
    return Factors(left, right, block)


def _in_place(
    groups: _Groups, terms: int, shape: Sequence[int], multiple: int, stacked: Callable[[Sequence[int]], Tensor]
) -> Tensor:
    """The factors of one side: [requests, terms, as many as the side's dims have and zeros after them]."""
    parts = [(places, stacked(steps)) for places, steps in groups]
    length = math.prod(shape[1:])
    whole = parts[0][1].new_zeros((shape[0], terms, -(-length // multiple) * multiple))
    for places, values in parts:
        spread = values.transpose(0, 1).expand(shape[0], -1, *shape[1:])
        # Copying to listed places takes several times as long
        where = slice(None) if len(parts) == 1 else list(places)
        whole[:, where, :length] = spread.flatten(2)
    return whole


def write_product(factors: Factors, out: Tensor, requests: slice, rows: slice, columns: slice) -> None:
    """Computes a window of the sum.

    Args:
        factors: of the whole panel.
        out: [requests, rows, columns] of the window.
        requests, rows, columns: the window in the panel.
    """
    if factors.block == (_SMALL_BLOCK, _SMALL_BLOCK):
        _write_small(factors, out, requests, rows, columns)
        return
    # By the panel, not by what is computed together with it, so that its bits do not depend on that
    with one_thread_where_short(factors.left.shape[2] * factors.right.shape[2]):
        _write_blocks(factors, out, requests, rows, columns)


def _write_blocks(factors: Factors, out: Tensor, requests: slice, rows: slice, columns: slice) -> None:
    for position, request in enumerate(range(requests.start, requests.stop)):
        plane = out[position]
        for row in _blocks(rows, factors.block[0]):
            left = factors.left[request, :, row : row + factors.block[0]].t()
            for column in _blocks(columns, factors.block[1]):
                right = factors.right[request, :, column : column + factors.block[1]]
                _write_block(left, right, plane, row - rows.start, column - columns.start)


def _blocks(window: slice, length: int) -> range:
    return range(window.start // length * length, window.stop, length)


def _write_block(left: Tensor, right: Tensor, plane: Tensor, row: int, column: int) -> None:
    """Writes a block whose first row and column, seen from the window's, are these."""
    rows, columns = left.shape[0], right.shape[1]
    first_row, first_column = max(row, 0), max(column, 0)
    part = plane[first_row : row + rows, first_column : column + columns]
    if part.shape == (rows, columns) and part.stride(1) == 1:
        torch.mm(left, right, out=part)
    else:
        skipped_rows, skipped_columns = first_row - row, first_column - column
        part.copy_(torch.mm(left, right)[skipped_rows:, skipped_columns:][: part.shape[0], : part.shape[1]])


def _write_small(factors: Factors, out: Tensor, requests: slice, rows: slice, columns: slice) -> None:
    """All blocks of all requests at once; there are at most four of each."""
    left, right = factors.left[requests], factors.right[requests]
    count, terms = left.shape[:2]
    high, wide = left.shape[2] // _SMALL_BLOCK, right.shape[2] // _SMALL_BLOCK
    across = left.view(count, terms, high, 1, _SMALL_BLOCK).permute(0, 2, 3, 4, 1)
    down = right.view(count, terms, 1, wide, _SMALL_BLOCK).permute(0, 2, 3, 1, 4)
    lefts = across.expand(-1, -1, wide, -1, -1).reshape(-1, _SMALL_BLOCK, terms)
    rights = down.expand(-1, high, -1, -1, -1).reshape(-1, terms, _SMALL_BLOCK)
    blocks = torch.bmm(lefts, rights).view(count, high, wide, _SMALL_BLOCK, _SMALL_BLOCK)
    panel = blocks.transpose(2, 3).reshape(count, high * _SMALL_BLOCK, wide * _SMALL_BLOCK)
    out.copy_(panel[:, rows, columns])
