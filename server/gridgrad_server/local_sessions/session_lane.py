"""What a session asks of its lane: room for the calls of a number, each at most once at a time."""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.local_sessions.call_lane import CallLane, LaneCall
from gridgrad_server.local_sessions.lane_keeper import LaneKeeper
from gridgrad_server.memory.socket import FrameSocket

__all__ = ["SessionLane"]


class SessionLane:
    """The lane that a session has, or may have.

    Args:
        keeper: grants it.
        caller: whose the session is.
        link: to the caller.
    """

    def __init__(self, keeper: LaneKeeper, caller: str, link: FrameSocket) -> None:
        self._keeper = keeper
        self._caller = caller
        self._link = link
        self._lane: CallLane | None = None

    def want(self, call: LaneCall, slots: int) -> None:
        """Has later calls of a number go by the lane, if they can; tells the caller whether."""
        if self._lane is None or not self._lane.is_open:
            self._lane = self._keeper.open(self._caller, self._granted)
        if self._lane is None or not self._keeper.bind(self._lane, call, slots):
            self._granted(pb.LaneGrant(bound=call.bound), ())

    def close(self) -> None:
        """Takes it away."""
        if self._lane is not None:
            self._lane.close()

    def _granted(self, grant: pb.LaneGrant, descriptors: Sequence[int]) -> None:
        self._link.send(pb.SessionResponse(lane=grant).SerializeToString(), descriptors)
        if descriptors and self._link.is_sending:
            self._link.lose()  # whoever reads so little gets no lane: its descriptors would wait and may be closed then
