"""The sender of spans: what it says of a collector that is away, and that it waits for none at the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from gridgrad_server.telemetry.sender import SpanSender

THEIRS = logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter")
QUEUE = logging.getLogger("opentelemetry.sdk._shared_internal")
AWAY, AGAIN, FULL = "traces can't be sent", "traces are sent again", "more spans than can be sent"


class Exporter(SpanExporter):
    """Fails as OpenTelemetry's does, or hangs until it is shut down."""

    def __init__(self) -> None:
        self.works, self.hangs, self.tries = True, False, 0
        self.hanging, self._ended = threading.Event(), threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 - what an exporter takes
        self.tries += 1
        if self.hangs:
            self.hanging.set()
            self._ended.wait()
        elif self.works:
            return SpanExportResult.SUCCESS
        THEIRS.warning("Transient error, retrying in %.2fs", 1.16)
        THEIRS.error("Failed to export to %s", "nowhere")
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._ended.set()


@pytest.fixture
def exporter() -> Exporter:
    return Exporter()


@pytest.fixture
def sender(exporter: Exporter) -> Iterator[SpanSender]:
    opened = SpanSender(exporter)
    yield opened
    opened.shutdown()


def says(caplog: pytest.LogCaptureFixture) -> list[str]:
    """How each line that was logged since the last look begins."""
    lines = [next((text for text in (AWAY, AGAIN, FULL) if text in line), line) for line in caplog.messages]
    caplog.clear()
    return lines


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


def test_a_collector_that_is_away_is_named_once(
    sender: SpanSender, exporter: Exporter, caplog: pytest.LogCaptureFixture
) -> None:
    sender.export([])
    assert says(caplog) == []
    exporter.works = False
    assert sender.export([]) is SpanExportResult.FAILURE
    assert caplog.records[0].fields == {"cause": "Failed to export to nowhere"}  # type: ignore[attr-defined] # an extra
    sender.export([])
    assert says(caplog) == [AWAY]
    exporter.works = True
    sender.export([])
    sender.export([])
    assert says(caplog) == [AGAIN]
    exporter.works = False
    sender.export([])
    assert says(caplog) == [AWAY]


def test_spans_that_are_too_many_are_said_once_and_only_where_some_are_taken(
    sender: SpanSender, caplog: pytest.LogCaptureFixture
) -> None:
    QUEUE.warning("Queue full, dropping span 0.")  # OpenTelemetry itself leaves out what it has just said
    assert says(caplog) == []
    sender.export([])
    for n in (1, 2):
        QUEUE.warning(f"Queue full, dropping span {n}.")
    QUEUE.warning("something else")
    assert says(caplog) == [FULL, "something else"]


def test_the_end_waits_for_no_export(sender: SpanSender, exporter: Exporter, caplog: pytest.LogCaptureFixture) -> None:
    exporter.hangs = True
    results: list[SpanExportResult] = []
    sending = threading.Thread(target=lambda: results.append(sender.export([])))
    sending.start()
    exporter.hanging.wait()
    sender.give_up()
    sending.join()
    assert says(caplog) == [AWAY]
    assert sender.export([]) is SpanExportResult.FAILURE
    assert (results, exporter.tries) == ([SpanExportResult.FAILURE], 1)


def test_the_logs_of_others_are_left_as_they_were(exporter: Exporter) -> None:
    before = THEIRS.filters[:], QUEUE.filters[:]
    SpanSender(exporter).shutdown()
    assert (THEIRS.filters, QUEUE.filters) == before
