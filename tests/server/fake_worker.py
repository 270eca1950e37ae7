"""A worker that computes nothing: plane p of a result holds 1e6*p plus the index of each point.

It speaks the protocol of a worker, and its registered functions misbehave in the ways that the
server must survive, as do expressions that name "kills", "hangs" or "fails" when it is asked about them.
Run as a script: fake_worker.py --fd N.
"""

from __future__ import annotations

import array
import contextlib
import math
import mmap
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterable

from gridgrad_core.worker_v1 import worker_pb2 as pb

X = pb.FunctionInput(name="x", unit="m")
DEFAULTED = pb.FunctionInput(name="a", default=2.0)
NAMES = ("plain", "kills", "hangs", "fails", "kills_once", "slow")
FUNCTIONS = [pb.RegisteredFunction(name=name, inputs=[X, DEFAULTED], components=["f"]) for name in NAMES]


class Peer:
    """The worker's end."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.maps: dict[int, mmap.mmap] = {}
        self.plans: dict[int, pb.Plan] = {}
        self.descriptors: list[int] = []
        self.bells: dict[int, int] = {}

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part, ancillary, _, _ = self.connection.recvmsg(size - len(data), 4096)
            for _, _, raw in ancillary:
                self.descriptors.extend(array.array("i", raw))
            if not part:
                sys.exit(0)
            data += part
        return data

    def receive(self) -> pb.ServerMessage:
        (length,) = struct.unpack("<I", self.read(4))
        return pb.ServerMessage.FromString(self.read(length))

    def send(self, **kind: object) -> None:
        message = pb.WorkerMessage(**kind).SerializeToString()  # type: ignore[arg-type] # one of the oneof
        self.connection.sendall(struct.pack("<I", len(message)) + message)

    def compute(self, batch: pb.Batch) -> None:
        if batch.HasField("plan"):
            self.plans[batch.plan_id] = batch.plan
        for number in batch.forget_plans:
            del self.plans[number]
        self.map(batch.slots)
        plan = self.plans[batch.plan_id]
        failures = misbehave(plan, batch)
        for piece in batch.pieces:
            self.fill(plan, self.maps[piece.result_slot or batch.slots[0].id], piece)
        self.send(done=pb.BatchDone(id=batch.id, compute_s=0.001, engine="functional", failures=failures))

    def map(self, slots: Iterable[pb.Slot]) -> None:
        for slot in slots:
            if slot.descriptor_attached:
                descriptor = self.descriptors.pop(0)
                self.maps[slot.id] = mmap.mmap(descriptor, slot.size)
                os.close(descriptor)
            self.forget(slot.forget)

    def bind_lane(self, request: pb.BindLane) -> None:
        if request.batch.HasField("plan"):
            self.plans[request.batch.plan_id] = request.batch.plan
        self.map(request.batch.slots)
        if request.bell_attached:
            self.bells[request.lane] = self.descriptors.pop(0)
        bound = "tan(" not in self.plans[request.batch.plan_id].expression
        self.send(lane_bound=pb.LaneBound(lane=request.lane, first_slot=request.first_slot, bound=bound))

    def close_lane(self, lane: int) -> None:
        os.close(self.bells.pop(lane))

    def forget(self, slots: Iterable[int]) -> None:
        for number in slots:
            self.maps.pop(number).close()

    def prepare(self, request: pb.PlanRequest) -> None:
        plan = self.ask_about(request)
        is_first = "passes" in plan.expression and request.HasField("plan")
        compiled, why = ("later", "the disk is full") if is_first else ("ready", "")
        self.send(state=pb.PlanState(plan_id=request.plan_id, compiled=compiled, why=why, engine="structured"))

    def explain(self, request: pb.PlanRequest) -> None:
        plan = self.ask_about(request)
        if "fails" in plan.expression:
            failure = pb.PieceFailure(reason="too_large", field="f", found="it is long", remedy="shorten it")
            self.send(explanation=pb.Explanation(plan_id=request.plan_id, failure=failure))
        else:
            self.send(explanation=pb.Explanation(plan_id=request.plan_id, program=plan.expression, ranks=[3]))

    def ask_about(self, request: pb.PlanRequest) -> pb.Plan:
        if request.HasField("plan"):
            self.plans[request.plan_id] = request.plan
        plan = self.plans[request.plan_id]
        if "kills" in plan.expression:
            os.kill(os.getpid(), signal.SIGKILL)
        if "hangs" in plan.expression:
            time.sleep(1000)
        return plan

    def fill(self, plan: pb.Plan, target: mmap.mmap, piece: pb.Piece) -> None:
        layout = pb.PieceLayout.FromString(piece.layout)
        shape = [0] * len(layout.shape)
        for given, sent in zip(plan.inputs, layout.inputs, strict=True):
            lengths = sent.array.shape if sent.HasField("array") else [sent.linspace.num]
            if sent.HasField("array"):
                count = math.prod(lengths) * (8 if sent.array.dtype == "float64" else 4)
                start = piece.inputs_offset + sent.array.offset
                assert len(self.maps[piece.inputs_slot][start:][:count]) == count
            for dim, length in zip(given.dims, lengths, strict=True):
                shape[dims_of(plan).index(dim)] = length
        first = 0
        for start, length in zip(layout.start, shape, strict=True):
            first = first * length + start
        points = math.prod(layout.shape)
        components = plan.expression.count(",") + 1
        code = "d" if plan.dtype == "float64" else "f"
        for plane in range(len(plan.derivatives) * components):
            start = 1_000_000 * plane + first
            numbers = array.array(code, range(start, start + points)).tobytes()
            offset = piece.result_offset + plane * (piece.result_stride or len(numbers))
            target[offset : offset + len(numbers)] = numbers


def dims_of(plan: pb.Plan) -> list[str]:
    return list(dict.fromkeys(dim for given in plan.inputs for dim in given.dims))


def misbehave(plan: pb.Plan, batch: pb.Batch) -> list[pb.PieceFailure]:
    if plan.registered == "kills" or (plan.registered == "kills_once" and not batch.cautious):
        os.kill(os.getpid(), signal.SIGKILL)
    if plan.registered == "hangs":
        time.sleep(1000)
    if plan.registered == "slow":
        time.sleep(0.05 * len(batch.pieces))
    if plan.registered == "fails":
        failure = pb.PieceFailure(reason="request", field="function.registered", found="it raised", remedy="don't")
        return [failure] + [pb.PieceFailure()] * (len(batch.pieces) - 1)
    return []


def main() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    peer = Peer(socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1])))
    if "--fatal" in sys.argv:
        peer.send(fatal="the function 'f' was refused: its derivative is 1 instead of 2")
        sys.exit(3)
    if "--dies" in sys.argv:
        sys.exit(1)
    if "--slow-start" in sys.argv:
        time.sleep(1)
    peer.send(ready=pb.Ready(device="cpu", functions=FUNCTIONS))
    with contextlib.suppress(ConnectionError):
        while True:
            message = peer.receive()
            if message.HasField("batch"):
                peer.compute(message.batch)
            elif message.HasField("prepare"):
                peer.prepare(message.prepare)
            elif message.HasField("explain"):
                peer.explain(message.explain)
            elif message.HasField("bind_lane"):
                peer.bind_lane(message.bind_lane)
            elif message.HasField("close_lane"):
                peer.close_lane(message.close_lane)
            else:
                peer.forget(message.ping.forget_slots)
                peer.send(pong=pb.Pong(question=message.ping.question))


if __name__ == "__main__":
    main()
