"""Writes src/tags.h, the numbers of the fields that the library reads and writes: `python native/generate_tags.py`."""

from __future__ import annotations

import sys
from pathlib import Path

from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["PLACE", "header"]

PLACE = Path(__file__).parent / "src" / "tags.h"

_MESSAGES = tuple(
    [
        each.DESCRIPTOR
        for each in (
            pb.SessionRequest,
            pb.SessionResponse,
            pb.Lease,
            pb.LaneGrant,
            pb.Window,
            pb.Status,
            pb.ErrorDetail,
            pb.GridGradientRequest,
            pb.GridGradientResponse,
            pb.ResultHeader,
            pb.Info,
            pb.Function,
            pb.Input,
            pb.Array,
            pb.Linspace,
            pb.Derivative,
            pb.Reduction,
        )
    ]
)


def header() -> str:
    """The header, from the schema."""
    lines = [
        "/* Written by generate_tags.py from the schema. */",
        "",
        "#ifndef GG_TAGS_H",
        "#define GG_TAGS_H",
        "",
        "enum {",
    ]
    for message in _MESSAGES:
        name = "".join(f"_{letter}" if letter.isupper() else letter for letter in message.name).upper().lstrip("_")
        lines += [f"  GG_{name}_{field.name.upper()} = {field.number}," for field in message.fields]
    reasons = pb.ErrorReason.DESCRIPTOR.values_by_name.items()
    lines += [f"  GG_{name} = {value.number}," for name, value in reasons]
    return "\n".join([*lines, "};", "", "#endif", ""])


if __name__ == "__main__":
    sys.exit(PLACE.write_text(header()) < 0)
