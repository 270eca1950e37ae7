"""Inputs as bytes of a request: first all that does not depend on their numbers, then the numbers themselves.

The numbers of an array are the last of the innermost message, so that they are copied once, into the whole request.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gridgrad.arguments.inputs import FLOAT32, FLOAT64, Input
from gridgrad.arguments.linspace import Linspace
from gridgrad_core.grid import InputSpec
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import field_head

__all__ = [
    "InputKind",
    "decode_input",
    "encode_numbers",
    "input_head",
    "input_with_digest",
    "kind_of",
    "narrowed",
    "stacked_inputs",
]

HEADS_KEPT = 512


class InputKind(NamedTuple):
    """What an input is but for its numbers.

    Args:
        spec: its name, dims and shape.
        dtype: of its numbers; None for a linspace.
    """

    spec: InputSpec
    dtype: np.dtype[Any] | None

    @property
    def nbytes(self) -> int:
        """Of its numbers; 0 for a linspace."""
        return math.prod(self.spec.shape) * self.dtype.itemsize if self.dtype else 0


def kind_of(given: Input) -> InputKind:
    """What an input is but for its numbers."""
    return InputKind(given.spec, given.dtype)


def narrowed(given: Input, dtype: np.dtype[Any]) -> Input:
    """In the caller's own type or the narrower one computed in."""
    values = given.values
    if isinstance(values, Linspace) or dtype == FLOAT64 or values.dtype == FLOAT32:
        return given
    with np.errstate(over="ignore"):  # beyond float32 is inf there
        return Input(given.name, given.dims, values.astype(FLOAT32))


def input_head(kind: InputKind) -> bytes:
    """What stands before the numbers of an input; nothing for a linspace, whose numbers are a whole field."""
    return _array_head(*kind.spec, kind.dtype == FLOAT32) if kind.dtype else b""


def encode_numbers(given: Input) -> bytes:
    """The numbers of an input, or of a linspace the whole field; what callers do later to their arrays is not in it."""
    values = given.values
    if not isinstance(values, Linspace):
        return values.tobytes()
    spaced = pb.Linspace(start=values.start, stop=values.stop, num=values.num)
    sent = pb.Input(name=given.name, dims=given.dims, linspace=spaced)
    return pb.GridGradientRequest(inputs=[sent]).SerializeToString()


def decode_input(kind: InputKind, numbers: bytes) -> Input:
    """An input from its kind and what `encode_numbers` made of it."""
    values = np.ndarray(kind.spec.shape, kind.dtype, numbers) if kind.dtype else _linspace(numbers)
    return Input(kind.spec.name, kind.spec.dims, values)


def stacked_inputs(kind: InputKind, numbers: Sequence[bytes]) -> Sequence[bytes]:
    """An input of several requests as one field: what stands before its numbers, and these, one after another."""
    spec, dtype = kind
    if dtype is None:
        if all(each == numbers[0] for each in numbers):
            return numbers[:1]
        numbers = [_linspace(each).values().tobytes() for each in numbers]
    return _array_head(spec.name, spec.dims, (len(numbers), *spec.shape), dtype == FLOAT32), *numbers


def _linspace(field: bytes) -> Linspace:
    sent = pb.GridGradientRequest.FromString(field).inputs[0].linspace
    return Linspace(sent.start, sent.stop, sent.num)


def input_with_digest(kind: InputKind, digest: bytes, *, is_named: bool) -> bytes:
    """What stands before the numbers of an array that has its SHA-256; all of it, where it goes by that alone."""
    spec, dtype = kind
    return _head_of(*spec, dtype == FLOAT32, digest, 0 if is_named else kind.nbytes)


@functools.lru_cache(HEADS_KEPT)
def _array_head(name: str, dims: tuple[str, ...], shape: tuple[int, ...], single: bool) -> bytes:
    return _head_of(name, dims, shape, single, b"", math.prod(shape) * (4 if single else 8))


def _head_of(
    name: str, dims: tuple[str, ...], shape: tuple[int, ...], single: bool, digest: bytes, data_bytes: int
) -> bytes:
    dtype = pb.DTYPE_FLOAT32 if single else pb.DTYPE_FLOAT64
    array = pb.Array(dtype=dtype, shape=shape, sha256=digest).SerializeToString()
    if data_bytes or not digest:
        array += field_head(pb.Array.DATA_FIELD_NUMBER, data_bytes)
    head = pb.Input(name=name, dims=dims).SerializeToString()
    head += field_head(pb.Input.ARRAY_FIELD_NUMBER, len(array) + data_bytes) + array
    return field_head(pb.GridGradientRequest.INPUTS_FIELD_NUMBER, len(head) + data_bytes) + head
