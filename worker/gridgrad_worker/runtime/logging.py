"""Logs on standard error, a line each: text for people, JSON objects for machines."""

from __future__ import annotations

import json
import logging
import sys
import time

__all__ = ["configure"]


def configure(log_format: str, level: str, device: str) -> None:
    """Sends the logs of this process to standard error.

    Args:
        log_format: "text" or "json".
        level: the least severe level written: "debug", "info", "warning" or "error".
        device: of this worker, named in each line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(device) if log_format == "json" else _Text(device))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)


class _Lines(logging.Formatter):
    def __init__(self, device: str) -> None:
        super().__init__()
        self._device = device

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - the base class's
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"{stamp}.{int(record.msecs):03d}Z"

    def traceback(self, record: logging.LogRecord) -> str:
        return self.formatException(record.exc_info) if record.exc_info else ""


class _Text(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        words = [self.formatTime(record), record.levelname.lower(), record.name, record.getMessage()]
        # A traceback goes on in its line, so that a line of the log is a message
        words += [
            f"device={self._device} pid={record.process}",
            repr(self.traceback(record)) if record.exc_info else "",
        ]
        return " ".join(filter(None, words))


class _Json(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "device": self._device,
            "pid": record.process,
        }
        if record.exc_info:
            entry["traceback"] = self.traceback(record)
        return json.dumps(entry, default=str, ensure_ascii=False)
