"""Programs of a loop have the inputs that they use."""

from __future__ import annotations

from gridgrad_core.lang.loops.loop import program_of, state_name
from gridgrad_core.lang.loops.quantity import Quantities


def test_a_program_keeps_what_its_outputs_use() -> None:
    terms = Quantities()
    used = terms.input(state_name(3)) + 1.0
    terms.input("unused")
    program = program_of(terms, [used, used])
    assert program.inputs == ("s3",)
    assert program.outputs[0] == program.outputs[1]
