"""The table of flags, and the settings that it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gridgrad_server.config.settings import FLAGS, ServerSettings

OPERATIONS = Path(__file__).parents[3] / "docs/operations.md"


def test_the_defaults_are_those_of_the_table() -> None:
    settings = ServerSettings()
    assert all(getattr(settings, flag.field) == flag.default for flag in FLAGS)
    assert {flag.field for flag in FLAGS} == ServerSettings.__annotations__.keys()


def test_settings_are_frozen_and_know_their_fields() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        ServerSettings().queue_entries = 3
    with pytest.raises(ValueError, match="no such setting: que"):
        ServerSettings(que=3)


def test_the_table_of_flags_in_the_docs_is_current() -> None:
    rows = [f"| `{flag.flag}` | {flag.shown} | {flag.why} |" for flag in FLAGS]
    page = OPERATIONS.read_text()
    missing = [row for row in rows if row not in page]
    assert not missing, "put into docs/operations.md:\n" + "\n".join(rows)


@pytest.mark.parametrize(
    ("values", "least"),
    [({}, 5), ({"max_workers": 5}, 1), ({"max_workers": 4, "min_workers": 0, "ray": "head:1", "local_workers": 1}, 1)],
)
def test_how_many_workers_there_are_always(values: dict[str, Any], least: int) -> None:
    assert ServerSettings(**values).least_of(5) == least


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"min_workers": 2}, "goes with --max-workers"),
        ({"max_workers": 2, "workers": 2}, "leave it out"),
        ({"max_workers": 2, "min_workers": 3}, "--min-workers 3 is over --max-workers 2"),
        ({"max_workers": 2, "min_workers": 0}, "leaves no worker"),
    ],
)
def test_ranges_of_workers_that_are_none_are_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ServerSettings(**values)
