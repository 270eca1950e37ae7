"""The sender of spans: OpenTelemetry's own exporter, whose complaints become one line each.

That exporter logs every batch that a collector does not take, and when it ends it tries each that is left for its full
time. Its thread is OpenTelemetry's; `give_up` is called from another.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from gridgrad_core.system.logging import fields

__all__ = ["SpanSender"]

log = logging.getLogger("gridgrad.server")

_EXPORTER = logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter")
_QUEUE = logging.getLogger("opentelemetry.sdk._shared_internal")

_REMEDY = "traces can't be sent, and are dropped until they can; start a collector, or see OTEL_EXPORTER_OTLP_ENDPOINT"


class SpanSender(SpanExporter):
    """Sends spans, and says once that it can't, and once that it can again.

    Args:
        exporter: sends them.

    Attributes:
        works: whether the last batch was taken.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._gave_up = False
        self._queue_was_full = False
        self._complaint = "no answer"
        self._any_sent = False
        self.works = True
        _EXPORTER.addFilter(self._heard)
        _QUEUE.addFilter(self._heard_of_queue)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends spans; called by OpenTelemetry's thread."""
        if self._gave_up:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        works = result is SpanExportResult.SUCCESS
        if works and not self.works:
            log.info("traces are sent again")
        elif self.works and not works:
            log.warning(_REMEDY, extra=fields(cause=self._complaint))
        self._any_sent |= works
        self.works = works
        return result

    def give_up(self) -> None:
        """Ends an export that is under way, and sends nothing any more."""
        if not self._gave_up:
            self._gave_up = True
            self._exporter.shutdown()

    def shutdown(self) -> None:
        """Ends."""
        self.give_up()
        _EXPORTER.removeFilter(self._heard)
        _QUEUE.removeFilter(self._heard_of_queue)

    def _heard(self, record: logging.LogRecord) -> bool:
        """Keeps a complaint for the line of our own."""
        if not self._gave_up:
            self._complaint = record.getMessage()
        return False

    def _heard_of_queue(self, record: logging.LogRecord) -> bool:
        if "Queue full" not in record.msg:
            return True
        if self.works and self._any_sent and not self._queue_was_full:
            self._queue_was_full = True
            log.warning("more spans than can be sent: some are dropped; send fewer by OTEL_TRACES_SAMPLER")
        return False
