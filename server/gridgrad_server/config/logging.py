"""Structured logs on standard error: text for people, or one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
import time

__all__ = ["configure", "fields"]


def fields(**values: object) -> dict[str, object]:
    """The `extra` of a log call: `log.info("worker ready", extra=fields(worker=0))`."""
    return {"fields": values}


def configure(log_format: str, level: str) -> None:
    """Sends all logs of this process to standard error.

    Args:
        log_format: "text" or "json".
        level: the least severe level written: "debug", "info", "warning" or "error".
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if log_format == "json" else _Text())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("asyncio").setLevel("WARNING")


def _time(record: logging.LogRecord) -> str:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{stamp}.{int(record.msecs):03d}Z"


def _traceback(record: logging.LogRecord) -> str:
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else ""


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        words = [_time(record), record.levelname.lower(), record.name, record.getMessage()]
        words += [f"{name}={value}" for name, value in getattr(record, "fields", {}).items()]
        line = " ".join(words)
        return f"{line}\n{_traceback(record)}" if record.exc_info else line


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["traceback"] = _traceback(record)
        return json.dumps(entry, default=str, ensure_ascii=False)
