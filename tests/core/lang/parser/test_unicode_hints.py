"""Characters that the language does not have, and what is written instead."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.lang.parser.unicode_hints import explain


@pytest.mark.parametrize(
    ("text", "start", "remedy"),
    [
        ("a × b", 2, "write *"),
        ("a − b", 2, "write -"),
        ("a ≤ b", 2, "write <="),
        ("√x", 0, "write sqrt(...)"),
        ("½", 0, "write 0.5"),
        ("∂u", 0, "write diff(u, x) for ∂u/∂x"),
        ("∫f", 0, "write the integral in closed form"),
        ("x²", 1, "write x**2 for a power"),
        ("rho_1²³", 5, "write rho_1**23 for a power"),
        ("x⁻¹", 1, "write x**(-1) for a power"),
        ("σ", 0, "write sigma"),
        ("ς", 0, "write sigma"),
        ("Ω", 0, "write Omega"),
        ("λ", 0, "write lambda"),
        ("𝛼", 0, "write alpha"),
        ("é", 0, "write e"),
        ("ｘ", 0, "write x"),
        ("\u00a0", 0, "write a plain space"),
        ("\u200b", 0, "remove it"),
        ("“", 0, "remove it: names stand without quotes"),
        ("漢", 0, "write it in ASCII, or remove it"),
        ("xᵝ", 1, "write beta"),
        ("x\U00010781", 1, "write it in ASCII, or remove it"),  # a raised sign of phonetics
    ],
)
def test_the_remedy_is_what_to_type(text: str, start: int, remedy: str) -> None:
    assert explain(text, start)[1].startswith(remedy)


@given(st.characters(min_codepoint=128, exclude_categories=["Cs"]))
def test_any_character_is_named_by_its_code_and_has_a_remedy_that_can_be_typed(character: str) -> None:
    found, remedy = explain(f"x{character}", 1)
    assert f"(U+{ord(character):04X}) is not in the language" in found
    assert all(each.isprintable() for each in found)
    assert remedy
    if unicodedata.category(character)[0] != "S" and "∂" not in remedy:
        assert remedy.isascii()
