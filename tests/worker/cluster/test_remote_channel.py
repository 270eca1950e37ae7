"""A message and its numbers go in, and an answer with its numbers comes out, in one piece or in parts."""

from __future__ import annotations

import os

import numpy as np
import pytest

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.remote_channel import SMALL_BYTES, RemoteChannel, parted

SIZE = 1 << 20


def exchange(*, number: int, is_new: bool, spans: list[pb.Span]) -> pb.Exchange:
    slot = pb.Slot(id=number, size=SIZE, descriptor_attached=is_new)
    message = pb.ServerMessage(batch=pb.Batch(id=1, slots=[slot])).SerializeToString()
    return pb.Exchange(message=message, inputs=spans)


def test_a_message_is_received_once_with_memory_of_its_own() -> None:
    channel = RemoteChannel()
    given = np.arange(16, dtype=np.uint8)
    channel.put(exchange(number=2, is_new=True, spans=[pb.Span(slot=2, offset=64, rows=1, row_bytes=16)]), [given])
    assert channel.wait(0)
    frame = channel.receive()
    assert frame is not None
    (descriptor,) = frame.descriptors
    assert os.pread(descriptor, 16, 64) == given.tobytes()
    os.close(descriptor)
    assert channel.receive() is None
    assert channel.batch is not None


@pytest.mark.parametrize("row_bytes", [8, SMALL_BYTES])
def test_an_answer_has_the_numbers_of_its_spans_in_order(row_bytes: int) -> None:
    channel = RemoteChannel()
    spans = [
        pb.Span(slot=2, offset=0, rows=1, row_bytes=row_bytes),
        pb.Span(slot=2, offset=SIZE // 2, rows=2, row_bytes=row_bytes, pitch=row_bytes + 64),
    ]
    inputs = [pb.Span(slot=2, offset=0, rows=1, row_bytes=SIZE)]
    memory = np.random.default_rng(0).integers(0, 255, SIZE, np.uint8)
    channel.put(exchange(number=2, is_new=True, spans=inputs), [memory])
    frame = channel.receive()
    assert frame is not None
    os.close(frame.descriptors[0])
    channel.send(b"one")
    channel.send(b"two")
    answer = channel.answer(spans, is_compiling=True)
    assert isinstance(answer, bytes) == (row_bytes == 8)
    header, numbers = parted(answer)
    said = pb.Exchanged.FromString(header)
    assert (list(said.messages), list(said.results), said.is_compiling) == ([b"one", b"two"], spans, True)
    second = SIZE // 2 + row_bytes + 64
    parts = memory[:row_bytes], memory[SIZE // 2 : SIZE // 2 + row_bytes], memory[second : second + row_bytes]
    assert b"".join(numbers) == np.concatenate(parts).tobytes()
    assert pb.Exchanged.FromString(parted(channel.answer((), is_compiling=False))[0]) == pb.Exchanged()


def test_what_is_no_message_only_fetches_what_there_is_to_say() -> None:
    channel = RemoteChannel()
    channel.put(pb.Exchange(), [])
    assert channel.receive() is None
    assert channel.batch is None
