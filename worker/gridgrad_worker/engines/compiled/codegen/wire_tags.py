"""The tags of the fields that compiled code writes itself (`cpp/request_template.h`), as the schema has them."""

from __future__ import annotations

from gridgrad_core.wire.fields import tag
from gridgrad_core.worker_v1 import worker_pb2 as pb

__all__ = ["WIRE_TAGS", "definitions"]

WIRE_TAGS = {
    "DONE_TAG": tag(pb.WorkerMessage, "done"),
    "NUMBER_TAG": tag(pb.BatchDone, "id"),
    "SECONDS_TAG": tag(pb.BatchDone, "compute_s"),
}
"""By the names that C++ knows them by. Each has one byte: fields that hot messages have are numbered below 16."""


def definitions() -> str:
    """The tags as C++."""
    named = ", ".join(f"{name} = {value}" for name, value in WIRE_TAGS.items())
    return f"constexpr unsigned char {named};"
