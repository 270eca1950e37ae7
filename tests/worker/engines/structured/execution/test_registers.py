"""Registers: few, and never one that is still read."""

from __future__ import annotations

import random

import pytest
import torch

from gridgrad_worker.engines.structured.execution.registers import Register, Registers, allocate


def test_a_chain_takes_two_registers() -> None:
    registers = allocate([0, 1, 2, 3], lambda i: [i - 1] if i else [], lambda _: False, [3])
    assert {register.number for register in registers.values()} == {0, 1}


def test_what_is_kept_is_written_over_by_nobody() -> None:
    registers = allocate([0, 1, 2, 3], lambda i: [i - 1] if i else [], lambda _: False, [0, 3])
    assert registers[0] not in [registers[i] for i in (1, 2, 3)]


def test_a_step_that_nobody_reads_gives_its_register_back_at_once() -> None:
    registers = allocate([0, 1, 2], lambda _: [], lambda _: False, [])
    assert {register.number for register in registers.values()} == {0}


def test_booleans_have_registers_of_their_own() -> None:
    registers = allocate([0, 1, 2], lambda i: [0] if i else [], lambda i: i == 1, [1, 2])
    assert registers[1] == Register(boolean=True, number=0)
    assert registers[2].boolean is False


@pytest.mark.parametrize("seed", range(20))
def test_no_step_writes_to_what_a_later_one_reads(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - nothing is secret
    reads = {i: [draw.randrange(i) for _ in range(draw.randrange(4))] if i else [] for i in range(40)}
    booleans = {i for i in reads if draw.random() < 0.2}
    kept = draw.sample(range(40), 5)
    registers = allocate(list(reads), reads.__getitem__, booleans.__contains__, kept)
    holds: dict[Register, int] = {}
    for step, read in reads.items():
        assert all(holds[registers[each]] == each for each in read)
        assert registers[step] not in {registers[each] for each in read}
        holds[registers[step]] = step
    assert all(holds[registers[each]] == each for each in kept)


def test_memory_is_used_again_and_grows() -> None:
    registers = Registers(torch.float32, torch.device("cpu"))
    first = registers.flat(Register(boolean=False, number=0), 100)
    again = registers.flat(Register(boolean=False, number=0), 50)
    assert again.data_ptr() == first.data_ptr()
    assert (again.shape, again.dtype) == ((50,), torch.float32)
    assert registers.flat(Register(boolean=True, number=0), 8).dtype == torch.bool
    assert registers.flat(Register(boolean=False, number=0), 200).shape == (200,)
    registers.free()
    assert not registers._flat
