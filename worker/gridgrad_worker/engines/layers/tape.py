"""Tapes: a network and its partials as instructions on rows, each of which has one number of every point of a tile."""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CPP", "Instruction", "Tape", "assembled", "operations"]

CPP = Path(str(importlib.resources.files("gridgrad_worker.engines.layers") / "cpp"))


class Tape(NamedTuple):
    """What `cpp/tape.cpp` runs.

    Args:
        instructions: [count, 8], as `Instruction` of `cpp/instructions.h`.
        refs: what they refer to: rows, or numbers where it is negative.
        numbers: constants, weights and biases.
        results: refs of the planes.
        inputs: how many there are; their rows are the first.
        rows: how many a tile needs.
        deepest: the most columns that a matrix has.
    """

    instructions: NDArray[np.int32]
    refs: NDArray[np.int32]
    numbers: NDArray[np.float64]
    results: NDArray[np.int32]
    inputs: int
    rows: int
    deepest: int


class Instruction(NamedTuple):
    """An operation on rows that are written to once.

    Args:
        operation: its number.
        to: the rows that it writes.
        operands: what it reads, references for each of the rows; of a product or a sum as many as it is deep.
        depth: of a product or a sum.
        weights: where those of a product are among the numbers.
    """

    operation: int
    to: list[int]
    operands: list[list[int]]
    depth: int = 0
    weights: int = 0


def assembled(
    instructions: Sequence[Instruction], numbers: Sequence[float], results: Sequence[int], inputs: int
) -> Tape:
    """The tape of instructions, its rows used again once nothing needs them.

    Args:
        instructions: in order.
        numbers: that they refer to.
        results: references of the planes.
        inputs: how many rows are there before.
    """
    places, rows = _allocated(instructions, results, inputs)
    refs: list[int] = []
    table = []
    for each in instructions:
        starts = []
        for several in (each.to, *each.operands):
            starts.append(len(refs))
            refs += [ref if ref < 0 else places[ref] for ref in several]
        starts += [0] * (4 - len(starts))
        table.append((each.operation, len(each.to), *starts, each.depth, each.weights))
    return Tape(
        np.array(table, np.int32).reshape(-1, 8),
        np.array(refs or [0], np.int32),
        np.array(numbers or [0.0]),
        np.array([ref if ref < 0 else places[ref] for ref in results], np.int32),
        inputs,
        rows,
        max((each.depth for each in instructions), default=0),
    )


def _allocated(instructions: Sequence[Instruction], results: Sequence[int], inputs: int) -> tuple[dict[int, int], int]:
    """Where each row lies, and how many places there are."""
    last = {ref: len(instructions) for ref in results}
    for number in range(len(instructions) - 1, -1, -1):
        for ref in (ref for several in instructions[number].operands for ref in several if ref >= 0):
            last.setdefault(ref, number)
    places = {row: row for row in range(inputs)}
    count, free = inputs, list[int]()
    for number, each in enumerate(instructions):
        for row in each.to:
            if free:
                places[row] = free.pop()
            else:
                places[row], count = count, count + 1
        used = {ref for several in each.operands for ref in several if ref >= 0}
        ended = [row for row in (*used, *each.to) if last.get(row, number) == number]
        free += sorted((places[row] for row in ended), reverse=True)
    return places, count


@functools.cache
def operations() -> dict[str, int]:
    """The number of each operation, by name."""
    text = (CPP / "instructions.h").read_text()
    names = re.findall(r"^ +(?:ONE|TWO|THREE)\((\w+),", text, re.MULTILINE)
    return {name: number for number, name in enumerate([*names, "PRODUCT", "SUM"])}
