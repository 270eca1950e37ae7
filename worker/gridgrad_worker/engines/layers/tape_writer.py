"""Writes tapes: operations on arrays of references to rows, one instruction each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gridgrad_worker.engines.layers.tape import Instruction, Tape, assembled, operations

__all__ = ["POINTS", "NoTapeError", "Refs", "TapeWriter"]

POINTS = 3
"""The last dim of tensors of the graphs that are read."""

_MOST_ROWS = 1 << 14
"""Of 64 numbers each: 8 MiB for each thread."""

_MOST_WRITTEN = 1 << 20


class NoTapeError(Exception):
    """A function is no tape; the message names what tapes lack."""


@dataclass(frozen=True)
class Refs:
    """An array that depends on the point, by references to rows, which numbers may stand among.

    Args:
        tensor: int64, [*shape, POINTS], the same at all points; as what stands for it, it is reshaped and indexed.
    """

    tensor: Tensor


class TapeWriter:
    """Writes instructions; each row is written to once."""

    def __init__(self) -> None:
        self._instructions: list[Instruction] = []
        self._rows = 0
        self._numbers: list[float] = []
        self._places: dict[bytes, int] = {}

    def input(self) -> Refs:
        """The next input; those come before all else."""
        return self._rows_of(())

    def refs(self, given: Any) -> Tensor:
        """References, for what is computed and for numbers and arrays that are known."""
        if isinstance(given, Refs):
            return given.tensor
        known = torch.as_tensor(given, dtype=torch.float64)
        return torch.tensor([self._number(each) for each in known.reshape(-1).tolist()]).reshape(known.shape)

    def write(self, name: str, *arguments: Any) -> Refs:
        """An operation of `cpp/instructions.h`, element by element, on what broadcasts."""
        given = [self.refs(each) for each in arguments]
        shape = np.broadcast_shapes(*[each.shape for each in given])
        operands = [each.expand(shape)[..., 0].reshape(-1).tolist() for each in given]
        return self._written(name, operands, shape[:-1])

    def summed(self, given: Refs, dims: Sequence[int], keepdim: bool) -> Refs:
        """The sum over dims of the features, counted from the first."""
        shape = given.tensor.shape[:-1]
        kept = [each for each in range(len(shape)) if each not in dims]
        moved = given.tensor[..., 0].permute(*kept, *dims).reshape(-1).tolist()
        left = [1 if each in dims else length for each, length in enumerate(shape) if keepdim or each not in dims]
        depth = math.prod([shape[each] for each in dims])
        if not depth:
            return Refs(torch.full((*left, POINTS), self._number(0.0)))
        return self._written("SUM", [moved], left, depth)

    def product(self, bias: Tensor, matrix: Tensor, given: Refs) -> Refs:
        """A matrix [m, k] by features [k], and a bias [m] or [1]."""
        refs, weights = given.tensor[:, 0], matrix.to(torch.float64)
        varying = refs >= 0
        known = torch.tensor([self._numbers[~each] for each in refs[~varying].tolist()], dtype=torch.float64)
        added = bias.to(torch.float64).reshape(-1).expand(len(weights)) + weights[:, ~varying] @ known
        place = len(self._numbers)
        self._numbers += weights[:, varying].reshape(-1).tolist() + added.tolist()
        operands = [refs[varying].tolist()]
        return self._written("PRODUCT", operands, [len(weights)], len(operands[0]), place)

    def tape(self, results: Sequence[int], inputs: int) -> Tape:
        """All that was written.

        Args:
            results: references of planes.
            inputs: how many there are.

        Raises:
            NoTapeError: it takes too much memory.
        """
        found = assembled(self._instructions, self._numbers, results, inputs)
        if found.rows > _MOST_ROWS:
            raise NoTapeError("so many features")
        return found

    def _number(self, value: float) -> int:
        """The reference to a number, by its bits: 0 == -0."""
        key = np.float64(value).tobytes()
        if key not in self._places:
            self._places[key] = len(self._numbers)
            self._numbers.append(value)
        return ~self._places[key]

    def _rows_of(self, shape: Sequence[int]) -> Refs:
        first, count = self._rows, math.prod(shape)
        self._rows += count
        if self._rows > _MOST_WRITTEN:
            raise NoTapeError("so many features")
        return Refs(torch.arange(first, self._rows).reshape(*shape, 1).expand(*shape, POINTS))

    def _written(
        self, name: str, operands: list[list[int]], shape: Sequence[int], depth: int = 0, weights: int = 0
    ) -> Refs:
        found = self._rows_of(shape)
        to = found.tensor[..., 0].reshape(-1).tolist()
        self._instructions.append(Instruction(operations()[name], to, operands, depth, weights))
        return found
