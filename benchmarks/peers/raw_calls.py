"""Callers of the raw server: one in a loop, many at once, one beside a neighbour."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import grpc
import grpc.aio

from benchmarks.calls.crowd import Call, crowd_of
from benchmarks.calls.neighbour import neighbour
from benchmarks.calls.workload import answer_bytes, request_bytes
from benchmarks.harness.block import Block, Order, Run, in_turn
from benchmarks.peers.raw import OPTIONS, STREAM, UNARY, request

__all__ = ["beside_large_grids", "crowd", "stream", "unary"]


@contextlib.contextmanager
def unary(address: str, answer: int, asked: int) -> Iterator[Run]:
    """One caller of the method that answers with one message.

    Args:
        address: of the raw server.
        answer: how many bytes come back.
        asked: how many go there.
    """
    with grpc.insecure_channel(address, OPTIONS) as channel:
        yield in_turn(_unary(channel, answer, asked))


@contextlib.contextmanager
def stream(address: str, answer: int, asked: int) -> Iterator[Run]:
    """One caller of the method that answers with a stream of messages."""
    with grpc.insecure_channel(address, OPTIONS) as channel:
        method: Any = channel.unary_stream(STREAM)
        raw = request(answer, asked)
        yield in_turn(lambda: sum(len(message) for message in method(raw)))


@contextlib.contextmanager
def crowd(address: str, callers: int, side: int) -> Iterator[Run]:
    """Many callers at once of the method that answers with one message."""
    raw = request(answer_bytes(side), request_bytes(side))

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Call]:
        async with grpc.aio.insecure_channel(address, OPTIONS) as channel:
            method: Any = channel.unary_unary(UNARY)
            yield lambda: method(raw)

    with crowd_of(opened, callers) as run:
        yield run


@contextlib.contextmanager
def beside_large_grids(address: str, side: int) -> Iterator[Run]:
    """One caller of small answers beside a neighbour who gets large ones."""
    with grpc.insecure_channel(address, OPTIONS) as channel, neighbour("raw", address) as other:
        block = in_turn(_unary(channel, answer_bytes(side), request_bytes(side)))

        def run(order: Order) -> Block:
            with other.going():
                return block(order)

        yield run


def _unary(channel: grpc.Channel, answer: int, asked: int) -> Callable[[], object]:
    method: Any = channel.unary_unary(UNARY)
    raw = request(answer, asked)
    return lambda: method(raw)
