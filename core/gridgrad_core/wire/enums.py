"""The names of dtypes and tiers, and their numbers in the schema; the names of gRPC's status codes."""

from __future__ import annotations

from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["DTYPES", "DTYPE_NAMES", "ITEM_BYTES", "RESULT_DTYPES", "STATUS_NAMES", "TIERS", "TIER_NAMES"]

DTYPES = {"float32": pb.DTYPE_FLOAT32, "float64": pb.DTYPE_FLOAT64}
"""The number of each dtype."""

RESULT_DTYPES = {**DTYPES, "int64": pb.DTYPE_INT64}
"""The number of each dtype that results may have."""

DTYPE_NAMES: dict[int, str] = {number: name for name, number in DTYPES.items()}
"""The dtype of each number; none for DTYPE_UNSPECIFIED."""

ITEM_BYTES = {"float32": 4, "float64": 8, "int64": 8}
"""How many bytes a number of each dtype has."""

TIERS = {"auto": pb.TIER_UNSPECIFIED, "direct": pb.TIER_DIRECT, "compiled": pb.TIER_COMPILED}
"""The number of each tier that can be asked for; "auto" leaves the choice to the server."""

TIER_NAMES: dict[int, str] = {number: name for name, number in TIERS.items()}
"""The tier of each number."""

STATUS_NAMES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""The status codes of gRPC by number, so that nothing here loads grpc: `grpc.StatusCode[STATUS_NAMES[5]]`.

https://grpc.github.io/grpc/core/md_doc_statuscodes.html
"""
