"""Exporters: what tells other systems of the server, each loaded only where the settings ask for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import grpc

from gridgrad_core.extras import optional
from gridgrad_core.system.logging import fields
from gridgrad_server.config.settings import Settings
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.telemetry.snapshot import Overview

if TYPE_CHECKING:
    from gridgrad_server.telemetry.opentelemetry import Traces
    from gridgrad_server.telemetry.prometheus import Metrics

__all__ = ["Exporters"]

log = logging.getLogger("gridgrad.server")


class Exporters:
    """The metrics and traces that the settings ask for.

    Args:
        settings: of the server.
        observers: are joined by what watches requests.

    Raises:
        MissingExtraError: a package for it is not installed.
    """

    def __init__(self, settings: Settings, observers: Observers) -> None:
        self._address = settings.metrics
        self._metrics: Metrics | None = None
        self._traces: Traces | None = None
        if settings.metrics:
            optional("prometheus_client", "metrics")
        if settings.traces:
            optional("opentelemetry.instrumentation.grpc", "otel")
            optional("opentelemetry.exporter.otlp.proto.grpc", "otel")
            from gridgrad_server.telemetry.opentelemetry import Traces

            self._traces = Traces()
            observers.append(self._traces)

    @property
    def interceptors(self) -> list[grpc.aio.ServerInterceptor]:
        """What stands around the handlers of calls."""
        return self._traces.interceptors if self._traces else []

    def start(self, overview: Overview) -> None:
        """Serves the metrics.

        Raises:
            ListenError: their address can't be listened on.
        """
        if self._address:
            from gridgrad_server.telemetry.prometheus import Metrics

            overview.count()
            self._metrics = Metrics(self._address, overview.status)
            log.info("metrics", extra=fields(address=self._metrics.address))

    async def close(self) -> None:
        """Sends what is left, and stops."""
        if self._metrics:
            await self._metrics.close()
        if self._traces:
            await self._traces.close()
