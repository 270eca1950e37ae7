"""Structured logs on standard error, a line each: text for people, JSON objects for machines."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping

__all__ = ["configure", "fields"]


def fields(**values: object) -> dict[str, object]:
    """The `extra` of a log call: `log.info("worker ready", extra=fields(worker=0))`."""
    return {"fields": values}


def configure(log_format: str, level: str, **always: object) -> None:
    """Sends all logs of this process to standard error, and the warnings of Python too.

    Args:
        log_format: "text" or "json".
        level: the least severe level written: "debug", "info", "warning" or "error".
        always: fields of every line, after its own.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(always) if log_format == "json" else _Text(always))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("asyncio").setLevel("WARNING")
    logging.captureWarnings(capture=True)


class _Lines(logging.Formatter):
    def __init__(self, always: Mapping[str, object]) -> None:
        super().__init__()
        self._always = always

    def fields_of(self, record: logging.LogRecord) -> dict[str, object]:
        return {**getattr(record, "fields", {}), **self._always}

    def traceback(self, record: logging.LogRecord) -> str:
        return self.formatException(record.exc_info) if record.exc_info else ""


class _Text(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        words = [_time(record), record.levelname.lower(), record.name, record.getMessage()]
        words += [f"{name}={value}" for name, value in self.fields_of(record).items()]
        if record.exc_info:
            # A traceback goes on in its line, so that a line of the log is a message
            words.append(repr(self.traceback(record)))
        return " ".join(words)


class _Json(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self.fields_of(record),
        }
        if record.exc_info:
            entry["traceback"] = self.traceback(record)
        return json.dumps(entry, default=str, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{stamp}.{int(record.msecs):03d}Z"
