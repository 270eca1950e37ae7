"""The explorer: a page on which people look at functions and their derivatives, and the files that it loads.

It is all in `page/`: a document, a sheet of styles and modules as browsers load them. Nothing of it is made when it is
served, and it asks for nothing but what this server has: its policy forbids it to.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import NamedTuple

from gridgrad_core.errors import RequestError
from gridgrad_server.http.http_call import HttpCall
from gridgrad_server.http.http_errors import CallEnded

__all__ = ["PAGE_FOLDER", "POLICY", "answer_page"]

PAGE_FOLDER = "/explorer/"
"""The path under which the files of the page are; the document itself is at the root."""

_ROOT = Path(__file__).parent / "page"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Of the files that are served; others, such as licences, are not."""

POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types vendor",
))  # fmt: skip
"""What the page may load and do: https://www.w3.org/TR/CSP3"""


class _File(NamedTuple):
    kind: str
    body: bytes
    tag: str


async def answer_page(call: HttpCall) -> None:
    """Answers with the document, or with a file of it.

    Raises:
        CallEnded: there is no such file.
    """
    name = call.path.removeprefix(PAGE_FOLDER) if call.path != "/" else "index.html"
    if name not in _names():
        raise CallEnded.of(RequestError("path", repr(call.path[:100]), "the explorer is at /"), status=404)
    file = _file(name)
    headers = [
        (b"cache-control", b"no-cache"),
        (b"etag", file.tag.encode()),
        (b"content-security-policy", POLICY.encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    if call.headers.get("if-none-match") == file.tag:
        await call.send(304, file.kind, [], headers)
    else:
        await call.send(200, file.kind, [file.body], headers)


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(str(path.relative_to(_ROOT)) for path in _ROOT.rglob("*") if path.suffix in _KINDS)


@functools.cache
def _file(name: str) -> _File:
    body = (_ROOT / name).read_bytes()
    return _File(_KINDS[Path(name).suffix], body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
