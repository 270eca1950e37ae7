"""Observers are told of all that happens, and of the status that a call ended with."""

from __future__ import annotations

from typing import Any

import pytest

from gridgrad_core.errors import BusyError, GridgradError, RequestError, UnavailableError
from gridgrad_server.scheduling.observer import CANCELLED, DEADLINE_EXCEEDED, Observers, code_of, given_up
from tests.server.building import make_request


class Remembering:
    def __init__(self) -> None:
        self.told: list[Any] = []

    def arrived(self, request: Any) -> None:
        self.told.append(request)

    def answered(self, via: str, code: int, grids: int) -> None:
        self.told.append((via, code, grids))

    def cut_off(self, request: Any, code: int) -> None:
        self.told.append((request, code))

    def computed(self, batch: Any, done: Any) -> None:
        self.told.append((batch, done))

    def computed_in_lane(self, calls: int, points: int, seconds: float) -> None:
        self.told.append((calls, points, seconds))


def test_there_are_none_unless_asked_for() -> None:
    assert not Observers()


def test_each_is_told_of_everything() -> None:
    both = Observers([Remembering(), Remembering()])
    request, batch, done = make_request(), object(), object()
    both.arrived(request)
    both.answered("unary", 0)
    both.answered("stream", 3, 5)
    both.cut_off(request, 4)
    both.computed(batch, done)  # type: ignore[arg-type] # what it is told it hands on
    both.computed_in_lane(2, 20, 0.5)
    for each in both:
        assert isinstance(each, Remembering)
        assert each.told == [request, ("unary", 0, 1), ("stream", 3, 5), (request, 4), (batch, done), (2, 20, 0.5)]


@pytest.mark.parametrize(("error", "code"), [(RequestError, 3), (BusyError, 8), (UnavailableError, 14)])
def test_an_error_has_the_code_of_its_status(error: type[GridgradError], code: int) -> None:
    assert code_of(error("", "found", "remedy")) == code


@pytest.mark.parametrize(
    ("remaining_s", "code"), [(None, CANCELLED), (0.5, CANCELLED), (0.0, DEADLINE_EXCEEDED), (-1.0, DEADLINE_EXCEEDED)]
)
def test_who_gave_up_did_so_early_or_when_the_time_was_over(remaining_s: float | None, code: int) -> None:
    assert given_up(remaining_s) == code
