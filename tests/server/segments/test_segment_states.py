"""What is kept of segments: put together in their places, handed on once, or the error is."""

from __future__ import annotations

from gridgrad_core.errors import InternalError
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.scheduling.request import GridRequest
from gridgrad_server.segments.segment_states import SegmentStates
from tests.server.building import KEYS, OUTCOME, make_request, make_template, remembered


def requests() -> tuple[GridRequest, GridRequest, list[GridRequest]]:
    """A request, what is computed before it, and what is submitted."""
    submitted: list[GridRequest] = []
    whole = make_request()
    before = make_template(KEYS[1], 10)
    whole.template.segments = before
    whole.segments = GridRequest(before, [], SegmentStates(whole, submitted.append), "someone", None, 12, 4)
    return whole, whole.segments, submitted


def tiles_of(request: GridRequest) -> list[GridTile]:
    tiles = []
    while request.progress.next:
        tiles.append(request.progress.take(1000))
    return tiles


def numbers(tile: GridTile) -> memoryview:
    """Two planes of doubles: each of a point in the plane 0 or 1."""
    rows = [[plane * 100 + tile.first_point + i for i in range(tile.points)] for plane in (0, 1)]
    return memoryview(b"".join(float(n).hex().encode().rjust(8)[:8] for row in rows for n in row))


def test_the_whole_is_submitted_once_all_is_there_whatever_the_order() -> None:
    whole, before, submitted = requests()
    first, second = tiles_of(before)
    before.computed(second, numbers(second), OUTCOME, {})
    assert (submitted, whole.segments) == ([], before)
    before.computed(first, numbers(first), OUTCOME, {})
    assert submitted == [whole]
    assert whole.segments is None
    expected = numbers(GridTile((0,), (10,), 0, 10))
    assert whole.numbers == (bytes(expected),)
    assert before.ended
    assert whole.info.computed_by == OUTCOME.computed_by
    assert whole.info.compute_s == 2 * OUTCOME.compute_s


def test_an_error_is_the_whole_s() -> None:
    whole, before, submitted = requests()
    before.fail(InternalError("", "broken", ""))
    assert [str(error.found) for error in remembered(whole).errors if isinstance(error, InternalError)] == ["broken"]
    assert whole.ended
    assert submitted == []


def test_what_comes_after_the_whole_has_ended_is_dropped() -> None:
    whole, before, submitted = requests()
    whole.end()
    for tile in tiles_of(before):
        before.computed(tile, numbers(tile), OUTCOME, {})
    assert (submitted, whole.numbers) == ([], ())


def test_what_it_costs_and_holds_is_both() -> None:
    whole, before, _ = requests()
    assert whole.cost == 2 * before.cost == 40
    assert whole.held_bytes == 2 * before.template.layout.total_bytes
