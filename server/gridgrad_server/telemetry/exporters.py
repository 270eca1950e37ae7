"""Exporters: what tells other systems of the server, each loaded only where the settings ask for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import grpc

from gridgrad_core.extras import optional
from gridgrad_core.system.logging import fields
from gridgrad_server.access.access_control import AccessControl
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.telemetry.snapshot import StatusSnapshot

if TYPE_CHECKING:
    from gridgrad_server.telemetry.opentelemetry import TraceObserver
    from gridgrad_server.telemetry.prometheus import PrometheusExporter

__all__ = ["Exporters"]

log = logging.getLogger("gridgrad.server")


class Exporters:
    """The metrics and traces that the settings ask for.

    Args:
        settings: of the server.
        access: knows who may see the metrics.
        observers: are joined by what watches requests.

    Raises:
        MissingExtraError: a package for it is not installed.
    """

    def __init__(self, settings: ServerSettings, access: AccessControl, observers: Observers) -> None:
        self._address = settings.metrics
        self._access = access if access.is_on and not settings.auth_open_metrics else None
        self._metrics: PrometheusExporter | None = None
        self._traces: TraceObserver | None = None
        if settings.metrics:
            optional("prometheus_client", "metrics")
        if settings.traces:
            optional("opentelemetry.instrumentation.grpc", "otel")
            optional("opentelemetry.exporter.otlp.proto.grpc", "otel")
            from gridgrad_server.telemetry.opentelemetry import TraceObserver

            self._traces = TraceObserver()
            observers.append(self._traces)

    @property
    def interceptors(self) -> list[grpc.aio.ServerInterceptor]:
        """What stands around the handlers of calls."""
        return self._traces.interceptors if self._traces else []

    def around(self, app: Any) -> Any:
        """An application of ASGI with what stands around its calls.

        Args:
            app: answers by HTTP.

        Raises:
            MissingExtraError: a package for it is not installed.
        """
        if not self._traces:
            return app
        optional("opentelemetry.instrumentation.asgi", "otel")
        return self._traces.around(app)

    def start(self, snapshot: StatusSnapshot) -> None:
        """Serves the metrics.

        Raises:
            ListenError: their address can't be listened on.
        """
        if self._address:
            from gridgrad_server.telemetry.prometheus import PrometheusExporter

            snapshot.count()
            self._metrics = PrometheusExporter(self._address, snapshot.status, self._access)
            log.info("metrics", extra=fields(address=self._metrics.address))

    async def close(self) -> None:
        """Sends what is left, and stops."""
        if self._metrics:
            await self._metrics.close()
        if self._traces:
            await self._traces.close()
