"""The composition of the server: every part is built here and given those that it needs; none builds another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gridgrad_core.extras import optional
from gridgrad_core.system.logging import fields
from gridgrad_core.version import __version__
from gridgrad_server.access.access_control import AccessControl
from gridgrad_server.arrays.array_store import ArrayStore
from gridgrad_server.arrays.named_arrays import NamedArrays
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.config.tls import ServerCertificates
from gridgrad_server.connections.arrivals import Arrivals
from gridgrad_server.connections.open_calls import OpenCalls
from gridgrad_server.connections.unread import UnreadAnswers
from gridgrad_server.deriving.helper_process import HelperProcess
from gridgrad_server.deriving.helpers import Helpers
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.deriving.special_library import SpecialLibrary
from gridgrad_server.formulas.checks import FormulaChecks
from gridgrad_server.formulas.loader import FormulaLoader
from gridgrad_server.formulas.shared_formulas import SharedFormulas
from gridgrad_server.gate import AccessGate
from gridgrad_server.local_sessions.lane_keeper import LaneKeeper
from gridgrad_server.local_sessions.manager import SessionManager
from gridgrad_server.memory.arena import ArenaBudget
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.requests.derivations import Derivations
from gridgrad_server.requests.function_key import FunctionKeys
from gridgrad_server.requests.request_cache import RequestCache
from gridgrad_server.rpc.health import HealthCalls
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.introspection import IntrospectionCalls
from gridgrad_server.rpc.limits import RequestLimits
from gridgrad_server.rpc.reflection import ReflectionCalls
from gridgrad_server.rpc.stream import StreamCalls
from gridgrad_server.rpc.unary import UnaryCalls
from gridgrad_server.scheduling.admission import Admission
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.scheduling.scheduler import Scheduler
from gridgrad_server.scheduling.tier_policy import TierPolicy
from gridgrad_server.service import GridgradService
from gridgrad_server.telemetry.exporters import Exporters
from gridgrad_server.telemetry.snapshot import StatusSnapshot
from gridgrad_server.workers.aside import Aside, Lanes
from gridgrad_server.workers.autoscaling import WorkerRange
from gridgrad_server.workers.command import helper_command, library_command
from gridgrad_server.workers.pool import WorkerPool
from gridgrad_server.workers.process import WorkerProcess
from gridgrad_server.workers.transports.transport import WorkerPlace

if TYPE_CHECKING:
    from gridgrad_server.http.http_server import HttpServer

__all__ = ["Parts", "compose"]

_MOST_QUESTIONS = 64
"""Calls of Prepare and Explain that are answered at once."""

_MOST_STREAMS = _MOST_WATCHES = 1024
_MOST_WATCHES_OF_CONNECTION = 16
_MOST_REFLECTIONS = 64
"""Calls that may be open at once, with or without a word."""


_ASIDE_IDLE_S = 60.0

log = logging.getLogger("gridgrad.server")


@dataclass(frozen=True)
class Parts:
    """All that a server is made of, in the order in which each part needs those before it."""

    certificates: ServerCertificates
    access: AccessControl
    observers: Observers
    slots: SlotPool
    tiers: TierPolicy
    scheduler: Scheduler
    lanes: Lanes
    workers: WorkerPool
    aside: Aside | None
    helpers: Helpers
    library: SpecialLibrary
    functions: FunctionKeys
    shared_formulas: SharedFormulas
    formulas: FormulaLoader
    admission: Admission
    questions: Admission
    intake: Intake
    streams: StreamCalls
    budget: ArenaBudget
    sessions: SessionManager
    snapshot: StatusSnapshot
    exporters: Exporters
    health: HealthCalls
    service: GridgradService
    gate: AccessGate | None
    http: HttpServer | None


def compose(
    settings: ServerSettings,
    places: Sequence[WorkerPlace],
    on_change: Callable[[], None],
    on_fatal: Callable[[str], None],
    aside_place: WorkerPlace | None = None,
) -> Parts:
    """Builds all parts of a server; nothing runs yet.

    Args:
        settings: of the server.
        places: one for each worker that there may be.
        on_change: called when workers become ready, none is left that is, or the server is told to drain.
        on_fatal: called with why the server can't serve at all.
        aside_place: for a worker aside; None for a server without one.

    Raises:
        AccessError: a file that says who may call can't be used.
        FormulaFileError: nor can one of formulas.
        MissingExtraError: a package that the settings ask for is not installed.
    """
    certificates, access = ServerCertificates(settings), AccessControl(settings)
    observers, slots, running = Observers(), SlotPool(), list[WorkerProcess]()
    tiers = TierPolicy(running, settings.engine == "structured" and settings.compile)
    scheduler = Scheduler(settings.batch_cost, slots, running, tiers, observers, access.quotas)
    bounds = WorkerRange(settings.least_of(len(places)), len(places), settings.idle_timeout)
    workers = WorkerPool(places, bounds, running, scheduler, tiers, slots, settings.piece_timeout, on_change, on_fatal)

    aside = _aside(settings, aside_place, scheduler, tiers, slots, observers)
    lanes = Lanes(scheduler, tiers, aside)
    helpers = Helpers(HelperProcess(helper_command(settings)), settings.derive_timeout, lanes.charge)
    programs = Programs(helpers)
    functions = FunctionKeys(programs, __version__, access.quotas)
    formulas = SharedFormulas(is_loaded=not settings.expressions)
    library = SpecialLibrary(library_command(settings))
    is_local = settings.ray is None or settings.local_workers > 0
    derivations = Derivations(
        helpers if settings.engine == "structured" else None, library=library if is_local else None
    )
    limits = RequestLimits(settings, len(places))
    admission = Admission(settings.queue_entries, settings.queue_bytes, quotas=access.quotas)
    quotas, arrays = access.quotas, ArrayStore(settings.array_bytes, access.quotas)
    named = NamedArrays(arrays)
    cache = RequestCache()

    def mended() -> None:
        functions.formulas = formulas.names
        cache.forget()
        call_lanes.close()

    intake = Intake(
        functions, derivations, cache, limits, admission, workers, lanes, observers, quotas, named, formulas
    )
    checks = FormulaChecks(programs, intake)
    loader = FormulaLoader(settings.expressions, formulas, checks, lambda: functions.registered, mended)

    unread = UnreadAnswers(settings.stall_timeout)
    unary = UnaryCalls(intake, limits, observers)
    open_streams = OpenCalls("open streams", _MOST_STREAMS, _MOST_STREAMS)
    streams = StreamCalls(intake, limits, observers, unread, open_streams)
    budget = ArenaBudget(settings.session_bytes)
    most_lanes = 0 if settings.traces else settings.lanes  # a span for each call only the server can make
    call_lanes = LaneKeeper(most_lanes, running, slots, intake, observers, quotas, lanes)
    sessions = SessionManager(settings, intake, limits, observers, slots, budget, call_lanes, access)
    snapshot = StatusSnapshot(
        settings, intake, admission, lanes, workers, streams, sessions, quotas, budget, arrays, observers
    )
    questions = Admission(_MOST_QUESTIONS, settings.queue_bytes // 4, "calls of Prepare and Explain", "retry later")

    def drain() -> int:
        intake.draining = True
        on_change()
        return admission.requests + questions.requests

    introspection = IntrospectionCalls(
        settings, intake, derivations, questions, workers, tiers, snapshot.status, drain, quotas, formulas
    )
    slow = Admission(settings.queue_entries, settings.queue_bytes, "requests that arrive slowly")
    arrivals = Arrivals(slow, min(settings.message_bytes, settings.queue_bytes), settings.stall_timeout)
    health = HealthCalls(OpenCalls("watches of health", _MOST_WATCHES, _MOST_WATCHES_OF_CONNECTION), unread)
    reflection = ReflectionCalls(OpenCalls("open streams of reflection", _MOST_REFLECTIONS, _MOST_REFLECTIONS), unread)
    reads_health = settings.auth_health or not access.is_on
    service = GridgradService(
        unary, streams, introspection, sessions, health, reflection, arrivals, unread, reads_health
    )
    gate = AccessGate(service, access, settings.auth_health) if access.is_on else None
    exporters = Exporters(settings, access, observers)
    http = None
    if settings.http:
        by_http = UnaryCalls(intake, limits, observers, "http")
        same = GridgradService(
            by_http, streams, introspection, sessions, health, reflection, arrivals, unread, reads_health
        )
        http = _http(
            settings, settings.http, certificates, access, by_http, same, arrivals, health, snapshot, exporters
        )
    return Parts(
        certificates,
        access,
        observers,
        slots,
        tiers,
        scheduler,
        lanes,
        workers,
        aside,
        helpers,
        library,
        functions,
        formulas,
        loader,
        admission,
        questions,
        intake,
        streams,
        budget,
        sessions,
        snapshot,
        exporters,
        health,
        service,
        gate,
        http,
    )


def _http(
    settings: ServerSettings,
    address: str,
    certificates: ServerCertificates,
    access: AccessControl,
    unary: UnaryCalls,
    service: GridgradService,
    arrivals: Arrivals,
    health: HealthCalls,
    snapshot: StatusSnapshot,
    exporters: Exporters,
) -> HttpServer:
    for package in ("starlette", "uvicorn"):
        optional(package, "http")
    from gridgrad_server.http.connect_calls import ConnectCalls
    from gridgrad_server.http.gradient_route import GradientRoute
    from gridgrad_server.http.http_app import HttpApp
    from gridgrad_server.http.http_server import HttpServer

    gate = AccessGate(service, access, settings.auth_health) if access.is_on else None
    gradient, connect = GradientRoute(unary, settings.message_bytes), ConnectCalls(gate or service)
    app = HttpApp(settings, gate.enter if gate else None, gradient, connect, arrivals, health, snapshot.status)
    return HttpServer(exporters.around(app), address, settings.stall_timeout, certificates.http_context())


def _aside(
    settings: ServerSettings,
    place: WorkerPlace | None,
    instead: Scheduler,
    tiers: TierPolicy,
    slots: SlotPool,
    observers: Observers,
) -> Aside | None:
    """A scheduler and a pool of their own for the worker aside. What it compiles, `tiers` shares with the others."""
    if place is None:
        return None
    running = list[WorkerProcess]()
    policy = TierPolicy(running, has_tiers=settings.compile)
    scheduler = Scheduler(settings.batch_cost, slots, running, policy, observers, instead=instead)
    bounds = WorkerRange(0, 1, _ASIDE_IDLE_S)

    def failed(why: str) -> None:
        log.error("no worker aside", extra=fields(why=why))

    pool = WorkerPool([place], bounds, running, scheduler, tiers, slots, settings.piece_timeout, lambda: None, failed)
    return Aside(scheduler, pool)
