"""Writing tapes."""

from __future__ import annotations

import pytest
import torch

from gridgrad_worker.engines.layers.tape import operations
from gridgrad_worker.engines.layers.tape_writer import POINTS, NoTapeError, Refs, TapeWriter


def test_equal_numbers_are_one_but_zeros_of_two_signs_are_not() -> None:
    writer = TapeWriter()
    refs = writer.refs(torch.tensor([2.0, 2.0, 0.0, -0.0]))
    assert refs[0] == refs[1]
    assert len(set(refs.tolist())) == 3


def test_arguments_broadcast() -> None:
    writer = TapeWriter()
    x = writer.input()
    found = writer.write("ADD", Refs(x.tensor.expand(2, 3, POINTS)), torch.tensor([[1.0], [2.0], [3.0]]))
    assert found.tensor.shape == (2, 3, POINTS)
    tape = writer.tape([int(found.tensor[0, 0, 0])], 1)
    assert tape.instructions[0][:2].tolist() == [operations()["ADD"], 6]


def test_what_is_known_of_a_product_s_features_is_in_its_bias() -> None:
    writer = TapeWriter()
    x = writer.input()
    number = writer.refs(5.0).expand(1, POINTS)
    features = Refs(torch.cat([x.tensor[None], number]))
    found = writer.product(torch.tensor([1.0]), torch.tensor([[2.0, 3.0]]), features)
    tape = writer.tape([int(found.tensor[0, 0])], 1)
    assert tape.deepest == 1
    assert tape.numbers.tolist()[-2:] == [2.0, 16.0]


def test_a_sum_of_nothing_is_zero() -> None:
    writer = TapeWriter()
    x = writer.input()
    found = writer.summed(Refs(x.tensor.expand(2, 0, POINTS)), [1], keepdim=False)
    assert found.tensor.shape == (2, POINTS)
    tape = writer.tape([int(found.tensor[0, 0])], 1)
    assert len(tape.instructions) == 0
    assert tape.numbers[~tape.results].tolist() == [0.0]


def test_too_many_features_are_refused() -> None:
    writer = TapeWriter()
    x = writer.input()
    with pytest.raises(NoTapeError, match="so many features"):
        writer.write("NEG", Refs(x.tensor.expand(1 << 11, 1 << 10, POINTS)))
