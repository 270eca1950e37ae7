"""The response template: what answers to requests of one template share, which is all but the numbers and the info.

A caller in a loop gets the same bytes again and again. So the first answer is parsed, and tells what the next may begin
with and have between its info and its numbers; one that does differs from the first in nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

from gridgrad.arguments.inputs import FloatArray
from gridgrad.protocol.response_layout import ResponseLayout, buffer, put, read_header, take_number
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.result import Result
from gridgrad.results.result_data import ResultSchema
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import split
from gridgrad_core.wire.fields import field_head
from gridgrad_core.wire.parse import parse

__all__ = ["ResponseTemplate", "read_response", "read_unary"]

_HEADER_FIELD = pb.GridGradientResponse.HEADER_FIELD_NUMBER
_INFO_FIELD = pb.ResultHeader.INFO_FIELD_NUMBER


class ResponseTemplate(NamedTuple):
    """What serialized GridGradientResponses share that differ in numbers and info alone.

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
    layout: ResponseLayout
    schema: ResultSchema

    def fits(self, raw: bytes) -> bool:
        """Whether a message is of this template."""
        return len(raw) == self.size and raw.startswith(self.head) and raw.startswith(self.tail, self.info_end)

    def result(self, view: FloatArray, info: bytes, call: PreparedCall) -> Result:
        """The result, by a view of its numbers.

        Raises:
            RequestError: `out` does not fit the components of the result.
        """
        schema = self.schema if call.lowered is None else self.layout.schema(call)
        return Result(put(view, self.layout, call), schema, info, call)


def read_unary(raw: bytes, call: PreparedCall) -> Result:
    """The result in a GridGradientResponse: views of its bytes, or of `out` where the caller gave one.

    Args:
        raw: the message.
        call: what it answers.

    Raises:
        InternalError: the message is none, or its buffer does not fit its header.
        RequestError: `out` does not fit the components of the result.
    """
    template, info = read_response(raw, call)
    layout = template.layout
    view = buffer(raw, template.data_start, layout.shape, layout.dtype)
    return template.result(view, info, call)


def read_response(raw: bytes, call: PreparedCall) -> tuple[ResponseTemplate, bytes]:
    """The template of a GridGradientResponse, and the Info in it.

    Args:
        raw: the message, perhaps without its numbers.
        call: what it answers.

    Raises:
        InternalError: the message is none.
    """
    template = call.template.response
    if isinstance(template, ResponseTemplate) and template.fits(raw):
        return template, raw[len(template.head) : template.info_end]
    return _first_of_template(raw, call)


def _first_of_template(raw: bytes, call: PreparedCall) -> tuple[ResponseTemplate, bytes]:
    header_end, data_start, _ = split(raw)
    header = parse(pb.GridGradientResponse(), raw[:header_end]).header
    take_number(header, call)
    layout, read = read_header(header)
    shared, info = header.SerializeToString(), read.SerializeToString()  # without the info, and that
    info_head = field_head(_INFO_FIELD, len(info))
    head = field_head(_HEADER_FIELD, len(shared) + len(info_head) + len(info)) + shared + info_head
    tail, schema = raw[header_end:data_start], layout.schema(call)
    template = ResponseTemplate(head, header_end, tail, data_start, len(raw), layout, schema)
    if raw[:header_end] == head + info:  # protobuf knows other ways to write the same
        call.template.response = template
    return template, info
