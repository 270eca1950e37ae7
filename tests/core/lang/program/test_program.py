"""Programs: equal where they compute the same, and shown by their text."""

from __future__ import annotations

import hashlib

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program


def test_programs_are_compared_by_what_they_compute() -> None:
    assert parse("x + y") == parse("( x+y ) # sum")
    assert hash(parse("x + y")) == hash(parse("(x + y)"))
    assert parse("nan*x") == parse("nan * x")
    assert parse("0.0*x") != parse("-0.0*x")
    different = ["x", "(x,)", "x + y", "y + x", "u = x + y; (u,)", "(x + y,)", "b = y; x + b", "x - y", "x + z"]
    assert len({parse(text) for text in different}) == len(different)
    assert len({parse(text).digest for text in different}) == len(different)
    assert parse("x") != "x"


def test_a_program_shows_its_text() -> None:
    assert repr(parse("t * k")) == "<Program 't*k' of t, k>"
    assert repr(parse("2")) == "<Program '2' of no inputs>"
    assert len(repr(parse("+".join(["x"] * 500)))) < 300


def test_the_text_and_its_digest_are_made_when_asked_for() -> None:
    program = Program((Node("input", (), "x"), Node("sin", (0,))), (1,), ("f",), False, ("x",))
    assert not {"text", "digest"} & vars(program).keys()
    assert (str(program), program.digest) == ("sin(x)", hashlib.sha256(b"sin(x)").hexdigest())
    assert program == parse("sin(x)")


def test_what_was_made_in_steps_is_taken() -> None:
    program = Program((Node("input", (), "x"),), (0,), ("f",), False, ("x",))
    program.describe("x", "a digest")
    assert (program.text, program.digest, hash(program)) == ("x", "a digest", hash("a digest"))
