"""Endpoints: what answers a path, with an end for every call whatever becomes of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from gridgrad_core.errors import GridgradError, InternalError, RequestError
from gridgrad_core.system.logging import fields
from gridgrad_server.http.http_body import Gone, Receive
from gridgrad_server.http.http_call import HttpCall, Scope, Send
from gridgrad_server.http.http_errors import CallEnded, people_error

__all__ = ["JSON", "Bounds", "Endpoint"]

log = logging.getLogger("gridgrad.server")

JSON = "application/json"

Answer = Callable[[HttpCall], Awaitable[None]]
ErrorText = Callable[[CallEnded, str], tuple[int, bytes]]


class Bounds(NamedTuple):
    """What a request may take.

    Args:
        most_bytes: of its body.
        patience_s: that its caller may be slow.
    """

    most_bytes: int
    patience_s: float


class Endpoint:
    """An application of ASGI for one path.

    Args:
        methods: of HTTP that it answers; none for all.
        answer: sends the answer, or raises what is to be said instead.
        bounds: of a request.
        error_text: how errors are said.
    """

    def __init__(
        self, methods: Sequence[str], answer: Answer, bounds: Bounds, error_text: ErrorText = people_error
    ) -> None:
        self._methods = methods
        self._answer = answer
        self._bounds = bounds
        self._error_text = error_text

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers a request."""
        call = HttpCall(scope, receive, send, *self._bounds)
        try:
            self._check_method(scope)
            await self._answer(call)
        except Gone:
            return
        except CallEnded as ended:
            await self._refuse(call, ended)
        except GridgradError as error:
            await self._refuse(call, CallEnded.of(error))
        except Exception:
            log.exception("a defect", extra=fields(path=scope["path"], request_id=call.request_id))
            if call.is_started:
                raise  # uvicorn closes the connection: what is half an answer is not to look like one
            await self._refuse(call, CallEnded.of(InternalError("", "a defect of the server", "please report it")))
        finally:
            call.end()

    def _check_method(self, scope: Scope) -> None:
        if self._methods and scope["method"] not in self._methods:
            found, allowed = f"{scope['method'][:20]} {scope['path'][:100]}", ", ".join(self._methods)
            ended = CallEnded.of(RequestError("method", found, f"use {allowed}"), status=405)
            ended.headers.append((b"allow", allowed.encode()))
            raise ended

    async def _refuse(self, call: HttpCall, ended: CallEnded) -> None:
        status, text = self._error_text(ended, call.request_id)
        try:
            await call.send(status, JSON, [text], ended.headers)
        except Gone:
            return
