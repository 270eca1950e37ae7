"""Writes `gridgrad.sync` from `gridgrad.aio`: `make sync`. The modules named in BY_HAND are written by hand in both.

Words are replaced, not the syntax tree, so that comments and docstrings come along; sentences that hold for one of the
two alone stand in SENTENCES. (unasync replaces names too, but leaves docstrings alone, which are half of these files.)
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

__all__ = ["BY_HAND", "generated"]

PACKAGE = Path(__file__).parent / "gridgrad"
BY_HAND = ("__init__", "primitives", "session_socket")
"""The modules that are not generated."""

SENTENCES = {
    """A connection to a server, for the event loop in which it is first used. Tasks may share one.

    Cancelling the task that awaits a call cancels the call at the server too.
""": """A connection to a server. Threads may share one.

    A process forked from this one makes its own after the fork; using this one there is an error. Fork while no call is
    under way: gRPC can't be forked in the middle of one.
""",
    """ may be an asynchronous iterable too. It is read by a task of its own,
        at most `in_flight` ahead of the results.
""": """ is read in the calling thread while results are taken, at most `in_flight` ahead of them.
""",
    "Closing the iterator by `aclose` cancels what is in flight; do so if you do not read it to its end.\n": (
        "Closing the iterator cancels what is in flight.\n"
    ),
    "Closing the iterator by `aclose` ends the computation": "Closing the iterator ends the computation",
}
"""What is said of tasks, and what of threads instead."""

WORDS = (
    (r" \| AsyncIterable\[\w+\]", ""),
    (r"Awaitable\[(\w+)\]", r"\1"),
    (r"\basync (def|for|with) ", r"\1 "),
    (r"\bawait ", ""),
    (r"\bStopAsyncIteration\b", "StopIteration"),
    (r"\bAsync(Iterable|Iterator|Generator|Results)\b", r"\1"),
    (r"\b__a(enter|exit|next|iter)__\b", r"__\1__"),
    (r"\ba(next|close)\b", r"\1"),
    (r"\baclosing\b", "closing"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"\bimport asyncio\b", "import time"),
    (r"\bgrpc\.aio\b", "grpc"),
    (r"\bgridgrad\.aio\.Client\b", "gridgrad.Client"),
    (r"\bgridgrad\.aio\b", "gridgrad.sync"),
)
"""Regular expressions, and what stands in the other client instead."""

HEAD = "# Written by `make sync` from gridgrad/aio/{}; change that one.\n"


def generated() -> dict[str, str]:
    """The generated modules, by the names of their files."""
    sources = {path.name: path.read_text() for path in PACKAGE.glob("aio/*.py") if path.stem not in BY_HAND}
    lacking = [text for text in SENTENCES if not any(text in source for source in sources.values())]
    if lacking:
        raise SystemExit(f"{__file__}: in no module of gridgrad.aio stands any more: {lacking[0]}")
    return {name: _generated(name, source) for name, source in sorted(sources.items())}


def _generated(name: str, source: str) -> str:
    for ours, other in SENTENCES.items():
        source = source.replace(ours, other)
    for pattern, other in WORDS:
        source = re.sub(pattern, other, source)
    sorted_imports = _ruff("check", "--quiet", "--fix-only", "--select=F401,I,SIM117,RUF022", name=name, source=source)
    return HEAD.format(name) + _ruff("format", "--quiet", name=name, source=sorted_imports)


def _ruff(*command: str, name: str, source: str) -> str:
    whole = [sys.executable, "-m", "ruff", *command, f"--stdin-filename={PACKAGE / 'sync' / name}", "-"]
    return subprocess.run(whole, input=source, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours


def main() -> None:
    """Writes them."""
    for path in PACKAGE.glob("sync/*.py"):
        if path.stem not in BY_HAND:
            path.unlink()
    for name, text in generated().items():
        (PACKAGE / "sync" / name).write_text(text)


if __name__ == "__main__":
    main()
