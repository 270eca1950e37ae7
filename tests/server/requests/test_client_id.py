"""Who is taken for the same caller, and who for another."""

from __future__ import annotations

from typing import Any

import pytest

from gridgrad_server.requests.client_id import MOST_PER_HOST, caller_of


class Context:
    """What gRPC tells of a call."""

    def __init__(self, peer: str, *metadata: tuple[str, str]) -> None:
        self._peer = peer
        self._metadata = metadata

    def peer(self) -> str:
        return self._peer

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata


def caller(peer: str, *metadata: tuple[str, str]) -> str:
    context: Any = Context(peer, *metadata)
    return caller_of(context)


ID, AGENT = "gridgrad-client-id", "user-agent"
SAME = "ipv4:10.0.0.1:1111"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([(ID, "a")], [(ID, "b")]),
        ([(AGENT, f"{ID}/a grpc-python/1.85")], [(AGENT, f"{ID}/b grpc-python/1.85")]),
        ([(ID, "a"), (AGENT, f"{ID}/c")], [(ID, "b"), (AGENT, f"{ID}/c")]),
    ],
    ids=["metadata", "agent", "both"],
)
def test_clients_of_a_host_are_told_apart_by_their_ids(one: list[Any], other: list[Any]) -> None:
    assert caller(SAME, *one) == caller("ipv4:10.0.0.1:2222", *one)
    assert caller(SAME, *one) != caller(SAME, *other)
    assert caller(SAME, *one) != caller("ipv4:10.0.0.2:1111", *one)


def test_without_an_id_each_connection_is_one() -> None:
    agent = (AGENT, "grpc-node-js/1.12")
    assert caller(SAME, agent) == caller(SAME, agent)
    assert caller(SAME, agent) != caller("ipv4:10.0.0.1:2222", agent)


def test_a_host_has_so_many_turns_and_no_more() -> None:
    assert len({caller("unix:", (ID, str(number))) for number in range(4096)}) == MOST_PER_HOST
