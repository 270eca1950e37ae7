"""What a translation has beside its program."""

from __future__ import annotations

import gridgrad
from gridgrad.formats import Note, Translation, read


def test_a_translation_is_its_program_with_notes() -> None:
    translation = read("abs(x)", "lepton")
    assert isinstance(translation, Translation)
    assert translation == translation.program == gridgrad.parse("where(x >= 0, x, -x)")
    assert not isinstance(translation.program, Translation)
    assert hash(translation) == hash(translation.program)


def test_a_note_says_where() -> None:
    assert str(Note(2, 3, "so it is")) == "line 2, column 3: so it is"
