"""Random texts: a program that reads back as itself and can be derived, or an error that names a remedy."""

from __future__ import annotations

import random

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from tests.core.lang.random_texts import DAMAGE, damaged, text
from tests.seeds import examples, seed

COUNT = 2000
SIGNS = ("^", "<<", ">>", "<>", "=<", "=>", "===", "!==", "&&", "||", ":=", "->", "+", "-", "*", "/", "//", "%", "**")


@pytest.mark.random
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "damaged"])
def test_a_random_text_is_a_program_or_a_mistake(whole: bool) -> None:
    programs = 0
    for number in range(examples(COUNT)):
        draw = random.Random(seed(number))  # noqa: S311 - no secret
        written = text(draw) if whole else damaged(draw, text(draw))
        programs += is_program(written)
    assert programs > COUNT * (0.9 if whole else 0.02), "nearly everything is refused"


@pytest.mark.parametrize("sign", [*SIGNS, *(f"{sign}=" for sign in SIGNS), *DAMAGE])
@pytest.mark.parametrize("place", ["x {} y", "{} x", "x {}", "a {} x; a", "sin(x {} y)", "sin({})", "x, {} y", "{}"])
def test_each_sign_in_each_place_is_read_or_refused(sign: str, place: str) -> None:
    is_program(place.format(sign))


def is_program(written: str) -> bool:
    """Whether a text is one; what else it gets must be of use."""
    mistake = None
    try:
        program = parse(written)
        assert parse(str(program)) == program, written
        derive(program, [(name, name) for name in program.inputs])
    except RequestError as error:
        mistake = error
    assert mistake is None or (mistake.found and mistake.remedy), written
    return mistake is None
