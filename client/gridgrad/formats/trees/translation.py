"""What a formula of another notation comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.lang.program.program import Program

__all__ = ["Note", "Translation"]


class Note(NamedTuple):
    """Something that a translation wrote otherwise, or that is easily taken for something else.

    Args:
        line: the line of the formula, from 1.
        column: the column of its first character, from 1.
        text: what was made of it, and why.
    """

    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.text}"


class Translation(Program):
    """The program of a formula in another notation; `str(translation)` is its text in ours.

    `Client.gradient` takes it as any program.

    Attributes:
        notes: what was written otherwise, by place.
    """

    notes: tuple[Note, ...] = ()

    @property
    def program(self) -> Program:
        """The program without the notes."""
        return Program(self.nodes, self.outputs, self.components, self.tuple_valued, self.inputs, self.tables)

    def with_notes(self, notes: Sequence[Note]) -> Translation:
        """The same with these notes.

        Args:
            notes: what was written otherwise, by place.

        Returns:
            Itself.
        """
        self.notes = tuple(notes)
        return self
