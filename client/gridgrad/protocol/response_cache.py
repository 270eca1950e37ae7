"""Answers in one message: a caller in a loop gets the same bytes again and again, but for the numbers and the info.

So the first answer to a plan is parsed, and tells what the next may begin with and have between its info and its
numbers; one that does differs from the first in nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

from gridgrad.arguments.inputs import FloatArray
from gridgrad.protocol.assemble import Layout, buffer, put, read_header
from gridgrad.requests.prepare import Call
from gridgrad.results.result import Result
from gridgrad.results.result_data import ResultSchema
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import buffer as wire
from gridgrad_core.wire.parse import parse

__all__ = ["Form", "read_response", "read_unary"]

_HEADER_FIELD = pb.GridGradientResponse.HEADER_FIELD_NUMBER
_INFO_FIELD = pb.ResultHeader.INFO_FIELD_NUMBER


class Form(NamedTuple):
    """The form of a serialized GridGradientResponse.

    Args:
        head: what stands before the info.
        info_end: where that ends.
        tail: what stands between the info and the numbers.
        data_start: where these begin.
        size: of all of it, in bytes.
        layout: of the numbers.
        schema: of the result.
    """

    head: bytes
    info_end: int
    tail: bytes
    data_start: int
    size: int
    layout: Layout
    schema: ResultSchema

    def fits(self, raw: bytes) -> bool:
        """Whether a message is of this form."""
        return len(raw) == self.size and raw.startswith(self.head) and raw.startswith(self.tail, self.info_end)

    def result(self, view: FloatArray, info: bytes, call: Call) -> Result:
        """The result, by a view of its numbers.

        Raises:
            RequestError: `out` does not fit the components of the result.
        """
        schema = self.schema if call.lowered is None else self.layout.schema(call)
        return Result(put(view, self.layout, call), schema, info, call)


def read_unary(raw: bytes, call: Call) -> Result:
    """The result in a GridGradientResponse: views of its bytes, or of `out` where the caller gave one.

    Args:
        raw: the message.
        call: what it answers.

    Raises:
        InternalError: the message is none, or its buffer does not fit its header.
        RequestError: `out` does not fit the components of the result.
    """
    form, info = read_response(raw, call)
    layout = form.layout
    view = buffer(raw, form.data_start, layout.shape, layout.dtype)
    return form.result(view, info, call)


def read_response(raw: bytes, call: Call) -> tuple[Form, bytes]:
    """The form of a GridGradientResponse, and the Info in it.

    Args:
        raw: the message, perhaps without its numbers.
        call: what it answers.

    Raises:
        InternalError: the message is none.
    """
    form = call.plan.answers
    if form is None or not form.fits(raw):
        return _first_of_form(raw, call)
    return form, raw[len(form.head) : form.info_end]


def _first_of_form(raw: bytes, call: Call) -> tuple[Form, bytes]:
    header_end, data_start, _ = wire.split(raw)
    header = parse(pb.GridGradientResponse(), raw[:header_end]).header
    layout, read = read_header(header)
    shared, info = header.SerializeToString(), read.SerializeToString()  # without the info, and that
    info_head = wire.field_head(_INFO_FIELD, len(info))
    head = wire.field_head(_HEADER_FIELD, len(shared) + len(info_head) + len(info)) + shared + info_head
    form = Form(head, header_end, raw[header_end:data_start], data_start, len(raw), layout, layout.schema(call))
    if raw[:header_end] == head + info:  # protobuf knows other ways to write the same
        call.plan.answers = form
    return form, info
