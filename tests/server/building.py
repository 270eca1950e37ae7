"""Parts of a server for tests of single modules: keys, templates, requests and workers that only pretend."""

from __future__ import annotations

from typing import Any

from gridgrad_core.grid import InputSpec
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.decoded import DecodedInput, DecodedLinspace
from gridgrad_server.requests.derivations import Derivations
from gridgrad_server.requests.function_key import CompatibilityKey, FunctionKey, FunctionKeys
from gridgrad_server.requests.request_cache import RequestCache, ServerTemplate
from gridgrad_server.requests.result_info import ComputedBy
from gridgrad_server.requests.result_layout import RequestLayout
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.limits import RequestLimits
from gridgrad_server.scheduling.admission import Admission
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.scheduling.request import BatchOutcome, Failures, GridRequest

OUTCOME = BatchOutcome(1.0, 0.5, ComputedBy(1, "functional", "", "cpu"))
"""It says nothing of how long a tile takes, since the keys of functions are those of all tests."""


class RememberingSink:
    """A sink that remembers what it was given."""

    def __init__(self) -> None:
        self.tiles: list[GridTile] = []
        self.failures: list[Failures] = []
        self.errors: list[Exception] = []

    def take_tile(
        self, request: GridRequest, tile: GridTile, result: memoryview, failures: Failures, slot: Slot | None
    ) -> None:
        del request, result, slot
        self.tiles.append(tile)
        self.failures.append(failures)

    def failed(self, request: GridRequest, error: Exception) -> None:
        del request
        self.errors.append(error)


def function_key(number: int = 1, kind: str = "expression", components: tuple[str, ...] = ("f",)) -> FunctionKey:
    """The key of a function of x, with one derivative: each component costs 2 a point."""
    key = CompatibilityKey(kind, f"digest{number}", components, False, "float64", (("x", ("x",)),), (("x",),))
    return FunctionKey(number, key, "x", "1")


KEYS = {number: function_key(number) for number in range(1, 4)}


def make_template(function: FunctionKey, points: int = 10, grids: int = 1, tier: str = "") -> ServerTemplate:
    inputs = [DecodedInput(InputSpec("x", ("x",), (points,)), DecodedLinspace(0.0, 1.0, points))]
    return ServerTemplate(function, RequestLayout(function, (points,), inputs, grids), tier)


def make_request(
    number: int = 1, points: int = 10, tile_cost: int = 1000, window: int = 4, grids: int = 1, **fields: Any
) -> GridRequest:
    """A request for a grid of one dim: a point costs 2, for the value and one derivative."""
    template = make_template(KEYS[number], points, grids, fields.get("tier", ""))
    caller, deadline_at = fields.get("caller", "someone"), fields.get("deadline_at")
    return GridRequest(template, [], RememberingSink(), caller, deadline_at, tile_cost, window)


def remembered(request: GridRequest) -> RememberingSink:
    """The sink of a request that `make_request` made."""
    assert isinstance(request.sink, RememberingSink)
    return request.sink


class FakeWorker:
    """Takes batches and answers when told."""

    is_ready = True
    name = 0
    device = "cpu"
    programs: Any = None

    def __init__(self) -> None:
        self.out: list[Batch] = []

    @property
    def load(self) -> int:
        return len(self.out)

    @property
    def is_at_long(self) -> bool:
        return any(batch.is_long for batch in self.out)

    def ask(self, batch: Batch) -> None:
        self.out.append(batch)


class ReadyWorkers:
    """What an intake asks of the workers."""

    ready: wpb.Ready | None = wpb.Ready()
    hopeless = False


def make_intake(functions: FunctionKeys | None = None, **settings: Any) -> Intake:
    """An intake that reads requests, but has nowhere to send them."""
    limits = RequestLimits(ServerSettings(**settings), 1)
    workers: Any = ReadyWorkers()
    scheduler: Any = None
    functions = functions or FunctionKeys(Programs(), "1")
    return Intake(
        functions, Derivations(), RequestCache(), limits, Admission(1024, 1 << 30), workers, scheduler, Observers()
    )
