"""Frames that are joined of fields are those that protobuf would have written."""

from __future__ import annotations

import pytest

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.scheduling.worker_messages import batch_frame, function_field, region_field


@pytest.mark.parametrize("number", [1, 300, (1 << 64) - 1])
def test_a_frame_is_a_batch_with_all_of_its_fields(number: int) -> None:
    fields = [function_field(7, True), region_field(3, 1 << 16, True, (1, 2)), region_field(4, 64, False)]
    batch = wpb.ServerMessage.FromString(batch_frame(number, fields)).batch
    assert batch == wpb.Batch(
        id=number,
        plan_id=7,
        cautious=True,
        slots=[
            wpb.Slot(id=3, size=1 << 16, descriptor_attached=True, forget=[1, 2]),
            wpb.Slot(id=4, size=64),
        ],
    )
