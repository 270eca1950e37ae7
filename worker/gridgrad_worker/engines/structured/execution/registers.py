"""Registers: the few tensors that the steps of a level take turns in.

A step writes to a register that no later step still reads, so that a window of a long program works
in as much memory as it has numbers alive at a time, which stays in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Register", "Registers", "allocate"]


class Register(NamedTuple):
    """The number of a register among those of its kind."""

    boolean: bool
    number: int


def allocate(
    steps: Sequence[int], reads: Callable[[int], Sequence[int]], boolean: Callable[[int], bool], kept: Sequence[int]
) -> dict[int, Register]:
    """Gives each step the register that it writes to, never one that it reads.

    Args:
        steps: what is run, in order.
        reads: what a step reads.
        boolean: whether a step's results are booleans.
        kept: steps whose results stay.
    """
    last_reads: dict[int, list[int]] = {}
    seen = set(kept)
    for step in reversed(steps):
        last = [read for read in dict.fromkeys((*reads(step), step)) if read not in seen]
        seen.update(last)
        last_reads[step] = last
    registers: dict[int, Register] = {}
    free: dict[bool, list[int]] = {False: [], True: []}
    counts = {False: 0, True: 0}
    for step in steps:
        kind = boolean(step)
        if not free[kind]:
            free[kind].append(counts[kind])
            counts[kind] += 1
        registers[step] = Register(kind, free[kind].pop())
        for read in last_reads[step]:
            if read in registers:
                free[registers[read].boolean].append(registers[read].number)
    return registers


class Registers:
    """The memory of registers, used again and again so that its pages stay faulted in.

    Args:
        dtype: of the registers that are not boolean.
        device: where they lie.
    """

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self._dtype = dtype
        self._device = device
        self._flat: dict[Register, Tensor] = {}

    def flat(self, register: Register, length: int) -> Tensor:
        """So many numbers of a register."""
        memory = self._flat.get(register)
        if memory is None or memory.shape[0] < length:
            dtype = torch.bool if register.boolean else self._dtype
            memory = self._flat[register] = torch.empty(length, dtype=dtype, device=self._device)
        return memory[:length]

    def free(self) -> None:
        """Gives the memory back."""
        self._flat.clear()
