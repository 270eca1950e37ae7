"""Regions like the server's in a worker that shares no memory with it: what comes goes there.

Invariants:
* Pages of sessions' arenas are given back once their results were sent: an arena here is as large as the server's.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_core.remote.regions import Regions
from gridgrad_core.system import shared_memory
from gridgrad_core.worker_v1 import worker_pb2 as pb

__all__ = ["Mirror"]


class Mirror:
    """The regions of one worker.

    Attributes:
        regions: the regions.
        batch: that the message at hand asks for; None for another.
    """

    def __init__(self) -> None:
        self.regions = Regions()
        self.batch: pb.Batch | None = None

    def admit(self, message: bytes) -> list[int]:
        """Makes and forgets regions as a ServerMessage says; descriptors of new ones, for the loop to map and close."""
        said = pb.ServerMessage.FromString(message)
        self.batch = said.batch if said.HasField("batch") else None
        self.regions.forget(said.ping.forget_slots)
        descriptors = []
        for slot in said.batch.slots:
            self.regions.forget(slot.forget)
            if slot.descriptor_attached:
                descriptor = shared_memory.create(f"gridgrad-copy-{slot.id}", slot.size)
                self.regions.map(slot.id, slot.size, descriptor)
                descriptors.append(descriptor)
        return descriptors

    def give_back(self, spans: Sequence[pb.Span]) -> None:
        """Gives pages of arenas back, of which these spans were sent."""
        first = self.batch.slots[0].id if self.batch is not None else 0
        for span in spans:
            if span.slot != first:
                self.regions.give_back(span)
