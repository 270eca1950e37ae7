"""Matrix products: Σ uᵢ(a)vᵢ(b) over a panel, in zero-padded blocks of one shape.

What a matrix product rounds depends on its shape and on how its rows lie in it. So the blocks of a
panel all have one shape, which follows from the panel's, and begin at the panel's origin: a number
is then computed the same way whatever was cut from the grid, and whatever else is in the batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gridgrad_worker.structured.plan import Step

__all__ = ["BLOCK_POINTS", "Factors", "block_shape", "prepare", "split_of", "write_product"]

BLOCK_POINTS = 1 << 15
_LONGEST = 1 << 10
_SMALL = 64
_SMALL_BLOCK = 32


class Factors(NamedTuple):
    """The factors of a sum over a panel.

    Args:
        left: [entries, terms, rows of blocks], zeros after the panel's own rows.
        right: [entries, terms, columns of blocks].
        block: the rows and columns of a block.
    """

    left: Tensor
    right: Tensor
    block: tuple[int, int]


def block_shape(rows: int, columns: int) -> tuple[int, int]:
    """The shape of the blocks of a panel."""
    if rows <= _SMALL and columns <= _SMALL:
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


def prepare(args: Sequence[Tensor], split: int, shape: Sequence[int]) -> Factors:
    """Puts the factors of a panel in place.

    Args:
        args: u₁ … uᵣ v₁ … vᵣ, each [entries, one length for each dim, 1 where it does not depend on it].
        split: the dim from which on the v depend on dims.
        shape: of the panel, [entries, one length for each dim].
    """
    entries, terms = shape[0], len(args) // 2
    left_dims, right_dims = tuple(shape[1 : split + 1]), tuple(shape[split + 1 :])
    block = block_shape(math.prod(left_dims), math.prod(right_dims))
    left = [u.reshape(-1, *u.shape[1 : split + 1]).expand(entries, *left_dims) for u in map(_full, args[:terms], [shape] * terms)]
    right = [v.reshape(-1, *v.shape[split + 1 :]).expand(entries, *right_dims) for v in map(_full, args[terms:], [shape] * terms)]
    return Factors(_stacked(left, block[0]), _stacked(right, block[1]), block)


def _full(factor: Tensor, shape: Sequence[int]) -> Tensor:
    return factor if factor.dim() else factor.expand(1, *[1] * (len(shape) - 1))


def _stacked(factors: list[Tensor], multiple: int) -> Tensor:
    stacked = torch.stack(factors, 1).flatten(2)
    return torch.nn.functional.pad(stacked, (0, -stacked.shape[2] % multiple))


def write_product(factors: Factors, out: Tensor, entries: slice, rows: slice, columns: slice) -> None:
    """Computes a window of the sum.

    Args:
        factors: of the whole panel.
        out: [entries, rows, columns] of the window.
        entries, rows, columns: the window in the panel.
    """
    if factors.block == (_SMALL_BLOCK, _SMALL_BLOCK):
        _write_small(factors, out, entries, rows, columns)
        return
    for entry, plane in zip(range(entries.start, entries.stop), out, strict=True):
        for row in _blocks(rows, factors.block[0]):
            left = factors.left[entry, :, row : row + factors.block[0]].t()
            for column in _blocks(columns, factors.block[1]):
                right = factors.right[entry, :, column : column + factors.block[1]]
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


def _write_small(factors: Factors, out: Tensor, entries: slice, rows: slice, columns: slice) -> None:
    """All blocks of all entries at once; there are at most four of each."""
    left, right = factors.left[entries], factors.right[entries]
    count, terms = left.shape[:2]
    high, wide = left.shape[2] // _SMALL_BLOCK, right.shape[2] // _SMALL_BLOCK
    across = left.view(count, terms, high, 1, _SMALL_BLOCK).permute(0, 2, 3, 4, 1)
    down = right.view(count, terms, 1, wide, _SMALL_BLOCK).permute(0, 2, 3, 1, 4)
    lefts = across.expand(-1, -1, wide, -1, -1).reshape(-1, _SMALL_BLOCK, terms)
    rights = down.expand(-1, high, -1, -1, -1).reshape(-1, terms, _SMALL_BLOCK)
    blocks = torch.bmm(lefts, rights).view(count, high, wide, _SMALL_BLOCK, _SMALL_BLOCK)
    panel = blocks.transpose(2, 3).reshape(count, high * _SMALL_BLOCK, wide * _SMALL_BLOCK)
    out.copy_(panel[:, rows, columns])
