"""The native library by ctypes, as a way to ask the cases of `gridgrad conformity`."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridgrad.conformity.call_outcome import CallOutcome
from gridgrad_core.errors import REASONS
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["CLibrary", "can_say"]

_MOST_DIMS = 16
_WIDTH = {pb.DTYPE_FLOAT32: 4, pb.DTYPE_FLOAT64: 8, pb.DTYPE_INT64: 8}
_CODES = {each.number: each.code for each in REASONS.values()}


class _Error(ctypes.Structure):
    _fields_ = (
        ("reason", ctypes.c_int),
        ("pushback_s", ctypes.c_double),
        ("field", ctypes.c_char * 128),
        ("found", ctypes.c_char * 824),
        ("remedy", ctypes.c_char * 512),
    )


class _Result(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("dtype", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("shape", ctypes.c_int64 * _MOST_DIMS),
        ("points", ctypes.c_int64),
        ("components", ctypes.c_int),
        ("derivatives", ctypes.c_int),
        ("queue_s", ctypes.c_double),
        ("compute_s", ctypes.c_double),
        ("problem", ctypes.c_void_p),
        ("lease", ctypes.c_uint64),
        ("owner", ctypes.c_void_p),
    )


def can_say(request: pb.GridGradientRequest) -> bool:
    """Whether the library has words for a request."""
    function = request.reduction.function if request.HasField("reduction") else request.function
    has_others = request.features or request.bind or request.ignore_unused or request.tier
    return bool(function.WhichOneof("kind")) and not has_others and all(map(_can_say_input, request.inputs))


def _can_say_input(given: pb.Input) -> bool:
    if given.HasField("linspace"):
        return list(given.dims) == [given.name]
    array = given.array
    is_whole = len(array.data) == 8 * math.prod(array.shape) and len(array.shape) == len(given.dims)
    return given.HasField("array") and array.dtype in (0, pb.DTYPE_FLOAT64) and is_whole


class CLibrary:
    """A connection by the library.

    Args:
        library: the shared library.
        path: of the server's --session-socket.
    """

    def __init__(self, library: Path, path: Path) -> None:
        self._library = loaded = ctypes.CDLL(str(library))
        for name in ("connect", "expression", "registered", "bind", "value", "partial"):
            getattr(loaded, f"gridgrad_{name}").restype = ctypes.c_void_p
        self._error = _Error()
        timeout = ctypes.c_double(10.0)
        opened = loaded.gridgrad_connect(str(path).encode(), os.geteuid(), timeout, ctypes.byref(self._error))
        assert opened, self._error.found
        self._connection = ctypes.c_void_p(opened)

    def close(self) -> None:
        """Closes it."""
        self._library.gridgrad_close(self._connection)

    def ask(self, request: pb.GridGradientRequest, gives: Mapping[str, Any], *, varying: bool) -> CallOutcome:
        """Asks for a grid.

        Args:
            request: what for.
            gives: what the answer is to have; its names, which the library does not tell, are taken from here.
            varying: whether the numbers of arrays come with the call.
        """
        library, of_reduction = self._library, request.HasField("reduction")
        function = request.reduction.function if of_reduction else request.function
        kind = function.WhichOneof("kind") or "expression"
        made = ctypes.c_void_p(getattr(library, f"gridgrad_{kind}")(getattr(function, kind).encode()))
        numbers = b"".join(self._add(made, each, varying=varying) for each in request.inputs)
        for derivative in request.derivatives:
            library.gridgrad_derivative(made, ",".join(derivative.wrt).encode())
        if request.dtype == pb.DTYPE_FLOAT32:
            library.gridgrad_float32(made)
        if of_reduction:
            asked = request.reduction
            library.gridgrad_reduce(made, ",".join(asked.dims).encode(), asked.kind.encode(), asked.weights.encode())
        problem = ctypes.c_void_p(library.gridgrad_bind(self._connection, made, ctypes.byref(self._error)))
        library.gridgrad_free_request(made)
        if not problem:
            return self._refused()
        try:
            return self._called(problem, numbers, request, gives)
        finally:
            library.gridgrad_free_problem(problem)

    def _add(self, made: ctypes.c_void_p, given: pb.Input, *, varying: bool) -> bytes:
        """Adds an input; the numbers that come with the call."""
        name, dims = given.name.encode(), ",".join(given.dims).encode()
        if given.HasField("linspace"):
            ends = ctypes.c_double(given.linspace.start), ctypes.c_double(given.linspace.stop)
            self._library.gridgrad_linspace(made, name, *ends, ctypes.c_int64(given.linspace.num))
            return b""
        shape = (ctypes.c_int64 * max(1, len(given.array.shape)))(*given.array.shape)
        if varying:
            self._library.gridgrad_varying(made, name, dims, len(given.dims), shape)
            return given.array.data
        self._library.gridgrad_fixed(made, name, dims, len(given.dims), shape, given.array.data or b"\0" * 8)
        return b""

    def _called(
        self, problem: ctypes.c_void_p, numbers: bytes, request: pb.GridGradientRequest, gives: Mapping[str, Any]
    ) -> CallOutcome:
        result, timeout = _Result(), ctypes.c_double(60.0)
        given = numbers or b"\0" * 8
        if self._library.gridgrad_call(problem, given, timeout, ctypes.byref(result), ctypes.byref(self._error)):
            return self._refused()
        try:
            return self._read(result, request, gives)
        finally:
            self._library.gridgrad_release(ctypes.byref(result))

    def _read(self, result: _Result, request: pb.GridGradientRequest, gives: Mapping[str, Any]) -> CallOutcome:
        asked = [sorted(each.wrt) for each in request.derivatives]
        places = [asked.index(sorted(each)) for each in gives.get("derivatives", ())]
        size = _WIDTH[result.dtype] * result.points
        planes = [self._plane(result, "value", (component,), size) for component in range(result.components)]
        planes += [
            self._plane(result, "partial", (place, component), size)
            for place in places
            for component in range(result.components)
        ]
        header = pb.ResultHeader(
            shape=result.shape[: result.ndim],
            dtype=pb.Dtype.Name(result.dtype),
            dims=gives.get("dims", ()),
            components=gives.get("components", ()),
            derivatives=[pb.Derivative(wrt=wrt) for wrt in gives.get("derivatives", ())],
            tuple_valued=gives.get("tuple_valued", False),
        )
        return CallOutcome(header, b"".join(planes))

    def _plane(self, result: _Result, what: str, at: tuple[int, ...], size: int) -> bytes:
        place = getattr(self._library, f"gridgrad_{what}")(ctypes.byref(result), *at)
        assert place
        return ctypes.string_at(place, size)

    def _refused(self) -> CallOutcome:
        error = self._error
        reason = pb.ErrorReason.Name(error.reason).removeprefix("ERROR_REASON_")
        detail = pb.ErrorDetail(
            reason=f"ERROR_REASON_{reason}", field=error.field, found=error.found, remedy=error.remedy
        )
        return CallOutcome(status=_CODES[error.reason], message=error.found.decode(), detail=detail)
