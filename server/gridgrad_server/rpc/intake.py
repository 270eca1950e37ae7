"""Intake: what stands between the RPC handlers and the batcher. Checks, counts and admits requests."""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_core.errors import RequestError, TooLargeError, UnavailableError, UseStreamError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.config.settings import Settings
from gridgrad_server.requests.decode import Array, Reading, decode, read, read_plan
from gridgrad_server.requests.function_key import Plan, Plans
from gridgrad_server.requests.result_layout import Form, Forms
from gridgrad_server.scheduling.admission import Admission
from gridgrad_server.scheduling.entry import Entry, Sink
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.workers.pool import Workers

__all__ = ["MOST_NUMBERS", "Intake"]

MOST_NUMBERS = 1 << 53
"""Of a grid of any size, and its longest dim: what float64 can count."""

_MOST_LARGER = 16
"""How much larger than usual a piece is at most."""
_STREAMS = 32
"""How many large grids may be streamed at once, at least."""


class Intake:
    """Makes entries of requests and hands them on.

    Args:
        settings: of the server.
        plans: of the functions.
        workers: compute the entries.
        observers: are told of requests.

    Attributes:
        admission: counts what is held.
        draining: whether nothing new is accepted.
        window: most pieces of an entry that are being computed or are not yet sent.
        observers: those that the argument names.
    """

    def __init__(self, settings: Settings, plans: Plans, workers: Workers, observers: Observers) -> None:
        self._settings = settings
        self._plans = plans
        self._forms = Forms()
        self._workers = workers
        # Enough that every worker has one piece computing and one waiting, and a few are being sent
        self.window = 2 * workers.count + 2
        self.admission = Admission(settings.queue_entries, settings.queue_bytes)
        self.draining = False
        self.observers = observers

    def check_open(self) -> None:
        """Refuses what comes while the server can't compute.

        Raises:
            UnavailableError: it drains, or has no worker.
        """
        if self.draining:
            raise UnavailableError(
                "", "the server is shutting down", "send it again, to another server if there is one"
            )
        if self._workers.ready is None:
            raise UnavailableError("", "the server is starting, and no worker is warm yet", "retry in a few seconds")
        if self._workers.hopeless:
            raise UnavailableError("", "no worker can be started", "see the server's log")

    async def entry_of(self, raw: bytes, sink: Sink, caller: str, deadline_at: float | None) -> Entry:
        """The entry of a serialized request, checked but not yet queued. Read in full, and its form remembered.

        Raises:
            RequestError: something in it is wrong, or over a limit.
        """
        entry = await self.entry(read(decode(pb.GridGradientRequest, raw)), sink, caller, deadline_at)
        self._forms.learn(raw, entry.form, entry.data)
        return entry

    def known_entry_of(self, raw: bytes, sink: Sink, caller: str, deadline_at: float | None) -> Entry | None:
        """The entry of a request like one that was read before, at once; None for any other: `entry_of` reads it."""
        known = self._forms.find(raw)
        return None if known is None else self._entry(*known, sink, caller, deadline_at)

    async def entry(self, reading: Reading, sink: Sink, caller: str, deadline_at: float | None) -> Entry:
        """The entry of a request, checked but not yet queued.

        Raises:
            RequestError: something in it is wrong, or over a limit.
        """
        self._check_cost(reading, 1)
        plan = await self._plans.get(reading.asked)
        self._check_cost(reading, plan.planes)
        self._check_tier(reading.tier)
        form = Form(plan, reading.grid.shape, reading.inputs, reading.tier, reading.grids)
        data = [given.values.data for given in reading.inputs if isinstance(given.values, Array)]
        return self._entry(form, data, sink, caller, deadline_at)

    def _entry(self, form: Form, data: Sequence[bytes], sink: Sink, caller: str, deadline_at: float | None) -> Entry:
        entry = Entry(form, data, sink, caller, deadline_at, self._settings.piece_cost, self.window)
        if self.observers:
            self.observers.arrived(entry)
        return entry

    async def plan(self, message: pb.Plan) -> Plan:
        """The plan of an expression that is asked about.

        Raises:
            RequestError: something in it is wrong.
        """
        asked = read_plan(message)
        if asked.kind == "registered":
            found = f"{asked.text!r}, a registered function: it is neither derived nor compiled"
            raise RequestError(
                "function.registered", found, "give an expression; functions() describes registered ones"
            )
        return await self._plans.get(asked)

    def _check_tier(self, tier: str) -> None:
        if tier and self._settings.engine != "structured":
            found = f"{tier!r}, but this server computes expressions by the {self._settings.engine} engine"
            raise RequestError("tier", found, "leave it at 'auto', or start the server with --engine structured")

    def _check_cost(self, reading: Reading, planes: int) -> None:
        most = min(self._settings.request_cost or MOST_NUMBERS, MOST_NUMBERS)
        points = reading.grid.points
        if points * planes > most:
            raise TooLargeError(
                "inputs",
                f"a grid of {points} points in {planes} planes (value and derivatives of each component), "
                f"a cost of {points * planes}",
                f"this server computes a cost of {most} at a time: send it in parts, or ask for fewer derivatives",
            )
        for position, given in enumerate(reading.inputs):
            longest = max(given.spec.shape, default=0)
            if longest > most:
                raise TooLargeError(
                    f"inputs[{position}]", f"a dim of length {longest}", f"this server takes lengths up to {most}"
                )

    def result_bytes(self, entry: Entry) -> int:
        """The size of a result, of all grids of a pack together."""
        return entry.form.result_bytes * entry.grids

    def stream_bytes(self, entry: Entry) -> int:
        """How many bytes of a result are held at once while it is streamed."""
        return min(self.result_bytes(entry), self.window * entry.piece_cost * entry.plan.itemsize)

    def piece_bytes(self, entry: Entry) -> int:
        """How large the result of a piece is at most."""
        planes = entry.plan.planes
        most = max(1, entry.piece_cost // planes) * planes * entry.plan.itemsize
        return min(self.result_bytes(entry), most)

    def cut_by_pace(self, entry: Entry, most_bytes: int | None = None) -> None:
        """Cuts an entry into larger pieces, if they are computed quickly and nobody small waits for them.

        Args:
            entry: untouched as yet.
            most_bytes: of a piece; by default as many as a stream may hold of, a small part of what all may.
        """
        cost, usual = entry.form.points * entry.plan.planes, self._settings.piece_cost
        if most_bytes is None:
            most_bytes = self._settings.queue_bytes // _STREAMS // self.window
        largest = min(-(-cost // self._workers.count), _MOST_LARGER * usual, most_bytes // entry.plan.itemsize)
        paced = entry.plan.pace.cost(entry.asked_tier)
        is_cut = entry.split and entry.grids == 1
        if is_cut and min(largest, paced) > usual and not self._workers.batcher.is_shared:
            # Few sizes, so that slots are used again
            entry.cut(largest if paced >= largest else usual << (paced // usual).bit_length() - 1)

    def is_unary(self, entry: Entry) -> bool:
        """Whether a result may go in one message."""
        return self.result_bytes(entry) <= self._settings.unary_result_bytes

    def check_unary(self, entry: Entry) -> None:
        """Refuses results that want the stream.

        Raises:
            UseStreamError: the result is over the unary limit.
        """
        if not self.is_unary(entry):
            raise UseStreamError(
                "",
                f"a result of {self.result_bytes(entry)} bytes, "
                f"over the {self._settings.unary_result_bytes} of the unary call",
                "call StreamGridGradients for it",
            )

    def cancel(self, entry: Entry) -> None:
        """Forgets an entry: its caller is gone, or has its answer."""
        self._workers.batcher.cancel(entry)

    def submit(self, entry: Entry) -> None:
        """Queues an entry, new or with room for more of its pieces."""
        self._workers.batcher.submit(entry)
