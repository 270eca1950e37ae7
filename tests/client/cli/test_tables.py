"""Tables: plain where another program reads them, drawn on a terminal."""

from __future__ import annotations

import io
import re

import pytest

from gridgrad.cli.tables import Table, as_text, drawn, show

NUMBERS = Table((("f", "k=2", "k=3"), ("t=1", "10", "[b]")), numbers=True)
FACTS = Table((("server", "here"), ("language", "abs, log, " * 20)), head=False)


class Terminal(io.StringIO):
    """Text that says that it goes to a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_numbers_end_at_the_same_place_and_lines_without_blanks() -> None:
    assert as_text(NUMBERS) == "f    k=2  k=3\nt=1   10  [b]"
    assert as_text(Table((("a", "bb"), ("ccc", "d")))) == "a    bb\nccc  d"


def test_another_program_gets_plain_text() -> None:
    out = io.StringIO()
    show([NUMBERS, FACTS], out)
    assert out.getvalue() == f"{as_text(NUMBERS)}\n\n{as_text(FACTS)}\n"


def test_a_terminal_gets_bold_names_and_the_text_as_it_is(terminal: Terminal) -> None:
    show([NUMBERS, NUMBERS], terminal)
    text = terminal.getvalue()
    assert "\x1b[1mt=1\x1b[0m" in text
    lines = [line.rstrip() for line in re.sub(r"\x1b\[\d*m", "", text).splitlines()]
    assert lines == [*as_text(NUMBERS).splitlines(), "", *as_text(NUMBERS).splitlines()]


def test_long_text_is_broken_and_wide_numbers_are_not(terminal: Terminal) -> None:
    wide = Table((("f", *(f"k={number}" for number in range(40))),) * 2, numbers=True)
    show([wide], terminal)
    assert len(terminal.getvalue().splitlines()) == 2
    assert "k=39" in terminal.getvalue()
    show([FACTS], terminal)
    facts = terminal.getvalue().splitlines()[2:]
    assert len(facts) > 5
    assert all(len(re.sub(r"\x1b\[\d*m", "", line)) <= 40 for line in facts)


def test_a_drawn_table_has_all_rows() -> None:
    pytest.importorskip("rich")
    assert drawn(NUMBERS, whole=True).row_count == 2
