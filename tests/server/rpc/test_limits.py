"""What a request may cost, where its result goes, and into what tiles it is cut."""

from __future__ import annotations

from typing import Any

import pytest

from gridgrad_core.errors import RequestError, TooLargeError, UseStreamError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.requests.decode import read
from gridgrad_server.requests.decoded import DecodedRequest
from gridgrad_server.rpc.limits import MOST_NUMBERS, RequestLimits
from gridgrad_server.scheduling.request import GridRequest
from tests.server.building import RememberingSink, function_key, make_template


def limits(workers: int = 1, **settings: Any) -> RequestLimits:
    return RequestLimits(ServerSettings(**settings), workers)


def decoded(*lengths: int) -> DecodedRequest:
    inputs = [
        pb.Input(name=f"x{i}", dims=[f"x{i}"], linspace=pb.Linspace(start=0, stop=1, num=length))
        for i, length in enumerate(lengths)
    ]
    return read(pb.GridGradientRequest(function=pb.Function(expression="1"), inputs=inputs))


def request(points: int, tile_cost: int = 1 << 19, tier: str = "") -> GridRequest:
    """Each call has a function of its own: a point costs 2, for 16 bytes."""
    template = make_template(function_key(), points, tier=tier)
    return GridRequest(template, [], RememberingSink(), "someone", None, tile_cost, 4)


def test_axes_that_were_meant_as_columns_are_told_how_to_be_so() -> None:
    with pytest.raises(TooLargeError, match=r"x0 and x1 go in step, .* \(\"point\", x0\)"):
        limits(request_cost=600).check_cost(decoded(100, 100), 3)


def test_the_cost_is_points_times_planes() -> None:
    bounded = limits(request_cost=600)
    bounded.check_cost(decoded(10, 20), 3)
    with pytest.raises(TooLargeError, match="a cost of 800") as refused:
        bounded.check_cost(decoded(10, 20), 4)
    assert refused.value.field == "inputs"


def test_more_than_can_be_counted_is_refused_without_a_limit_too() -> None:
    with pytest.raises(TooLargeError):
        limits().check_cost(decoded(MOST_NUMBERS, 2), 1)


def test_a_long_dim_of_an_empty_grid_is_refused() -> None:
    with pytest.raises(TooLargeError, match="a dim of length 601") as refused:
        limits(request_cost=600).check_cost(decoded(0, 601), 1)
    assert refused.value.field == "inputs[1]"


def test_a_tier_needs_the_structured_engine() -> None:
    limits().check_tier("compiled")
    limits(engine="functional").check_tier("")
    with pytest.raises(RequestError, match="functional engine"):
        limits(engine="functional").check_tier("direct")


def test_what_is_too_large_for_one_message_is_sent_to_the_stream() -> None:
    bounded = limits(unary_result_bytes=160)
    bounded.check_unary(request(10))
    assert not bounded.is_unary(request(11))
    with pytest.raises(UseStreamError, match="176 bytes"):
        bounded.check_unary(request(11))


def test_a_stream_holds_a_window_of_tiles_and_no_more_than_there_is() -> None:
    bounded = limits(workers=3)
    assert bounded.window == 8
    assert bounded.stream_bytes(request(1000, tile_cost=100)) == 8 * 100 * 8
    assert bounded.stream_bytes(request(10, tile_cost=100)) == 160


def test_a_tile_holds_its_points_in_all_planes() -> None:
    assert limits().tile_bytes(request(1000, tile_cost=101)) == 50 * 16
    assert limits().tile_bytes(request(10, tile_cost=101)) == 160
    assert limits().tile_bytes(request(10, tile_cost=1)) == 16


@pytest.mark.parametrize(
    ("quicker", "cost"), [(0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (9, 8), (100, 16)], ids=lambda value: f"{value}x"
)
def test_tiles_grow_by_powers_of_two_with_the_throughput(quicker: int, cost: int) -> None:
    usual = 1 << 19
    large = request(1 << 26)
    if quicker:
        large.template.function.throughput.note("compiled", usual, 0.002 / quicker * 0.999)
    assert limits(piece_cost=usual).tile_cost_of(large, 1 << 40) == cost * usual


def test_each_worker_gets_its_part_and_memory_bounds_all() -> None:
    usual, quick = 1 << 19, request(1 << 20)  # a cost of 2 million
    quick.template.function.throughput.note("compiled", usual, 1e-6)
    assert limits(workers=1, piece_cost=usual).tile_cost_of(quick, 1 << 40) == 1 << 21
    assert limits(workers=2, piece_cost=usual).tile_cost_of(quick, 1 << 40) == 1 << 20
    assert limits(workers=1, piece_cost=usual).tile_cost_of(quick, 8 * (usual + 5)) == usual + 5
    assert limits(workers=1, piece_cost=usual).tile_cost_of(quick, 8) == usual
