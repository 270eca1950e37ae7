"""Structured logs on standard error, a line each: text for people, JSON objects for machines."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping

__all__ = ["MOST_A_MINUTE", "configure", "fields"]

MOST_A_MINUTE = 10
"""Lines of one kind, since callers that a server does not know can have them written."""

_MOST_KINDS = 256


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
    handler.addFilter(_AtMost())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("asyncio").setLevel("WARNING")
    logging.captureWarnings(capture=True)


class _Kind:
    """How many lines of a kind were written in its minute, and how many were not."""

    __slots__ = ("ends_at", "left_out", "written")

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at
        self.written = self.left_out = 0


class _AtMost(logging.Filter):
    """Leaves out what is beyond MOST_A_MINUTE of a kind; the next line of it that is written says how many were.

    Lines are of one kind that one call of the log writes for one worker and one type of exception. Those for debugging
    are all written.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: OrderedDict[tuple[object, ...], _Kind] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno <= logging.DEBUG:
            return True
        known = self._kind(record)
        if known.written >= MOST_A_MINUTE:
            known.left_out += 1
            return False
        known.written += 1
        return True

    def _kind(self, record: logging.LogRecord) -> _Kind:
        raised = record.exc_info[0] if record.exc_info else None
        said: dict[str, object] = getattr(record, "fields", {})
        kind = record.name, record.pathname, record.lineno, raised, said.get("worker")
        known = self._kinds.get(kind)
        if known is None or record.created >= known.ends_at:
            if known and known.left_out:
                record.__dict__["fields"] = {**said, "left_out": known.left_out}
            known = self._kinds[kind] = _Kind(record.created + 60)
            self._kinds.move_to_end(kind)
            if len(self._kinds) > _MOST_KINDS:
                self._kinds.popitem(last=False)
        return known


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
