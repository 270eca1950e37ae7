"""Characters that the language does not have: what to write instead."""

from __future__ import annotations

import itertools
import re
import unicodedata

__all__ = ["explain"]

_WORD_BEFORE = re.compile(r"[A-Za-z0-9_.]*\Z")

_ASCII = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-",
    "×": "*", "·": "*", "⋅": "*", "∙": "*", "•": "*", "∗": "*",
    "÷": "/", "∕": "/", "⁄": "/", "∶": "/",
    "≤": "<=", "≥": ">=", "⩽": "<=", "⩾": ">=", "≠": "!=", "≡": "==",
    "∧": "and", "∨": "or", "¬": "not",
    "∞": "inf", "√": "sqrt(...)", "∛": "cbrt(...)", "↑": "**", "∣": "abs(...)",
    "½": "0.5", "¼": "0.25", "¾": "0.75", "⅓": "(1/3)", "⅔": "(2/3)",
}  # fmt: skip
_REMEDIES = {
    "∂": "write diff(u, x) for ∂u/∂x; the derivatives of the result are named in the request",
    "∇": "write diff(u, x) for ∂u/∂x; the derivatives of the result are named in the request",
    "∑": "write the terms out with +",
    "∏": "write the factors out with *",
    "∫": "write the integral in closed form",
}


def explain(text: str, start: int) -> tuple[str, str]:
    """What is found at an offset where no token starts, and the remedy."""
    character = text[start]
    shown = character if character.isprintable() and character != " " else character.encode("unicode_escape").decode()
    return f"'{shown}' (U+{ord(character):04X}) is not in the language", _remedy(text, start)


def _remedy(text: str, start: int) -> str:
    character = text[start]
    if character in _REMEDIES:
        return _REMEDIES[character]
    if _is_superscript(character):
        return f"write {_power(text, start)} for a power"
    plain = _ASCII.get(character) or _greek(character) or _look_alike(character)
    if plain:
        return f"write {plain}"
    category = unicodedata.category(character)
    if category[0] == "Z":
        return "write a plain space"
    if category in ("Cc", "Cf"):
        return "remove it"
    return "remove it: names stand without quotes" if category in ("Pi", "Pf") else "write it in ASCII, or remove it"


def _is_superscript(character: str) -> bool:
    """Whether it is a raised letter, digit or sign that can be typed; there are raised ones of other alphabets too."""
    is_raised = unicodedata.decomposition(character).startswith("<super>") and character not in "ªº"
    return is_raised and _lowered(character).isascii()


def _lowered(run: str) -> str:
    return unicodedata.normalize("NFKC", run).replace("−", "-")


def _power(text: str, start: int) -> str:
    run = "".join(itertools.takewhile(_is_superscript, text[start : start + 20]))
    exponent = _lowered(run)
    base = _WORD_BEFORE.search(text, max(0, start - 30), start)
    return f"{base[0] if base else ''}**{exponent if exponent.isalnum() else f'({exponent})'}"


def _greek(character: str) -> str:
    words = unicodedata.name(unicodedata.normalize("NFKC", character)[0], "").split()
    if words[:1] != ["GREEK"] or "LETTER" not in words:
        return ""
    name = words[words.index("LETTER") + 1 :]
    word = name[1] if name[0] == "FINAL" else name[0]
    word = "lambda" if word == "LAMDA" else word.lower()
    return word.capitalize() if "CAPITAL" in words else word


def _look_alike(character: str) -> str:
    """Its letter, digit or sign without accent, width or style; empty if there is none."""
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode().strip()
    return plain if plain.isprintable() else ""
