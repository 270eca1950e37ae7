"""The names of dtypes and tiers are those of the schema and of numpy, those of codes gRPC's."""

from __future__ import annotations

import grpc
import numpy as np

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import DTYPE_NAMES, DTYPES, ITEM_BYTES, RESULT_DTYPES, STATUS_NAMES, TIER_NAMES, TIERS


def test_every_dtype_of_the_schema_has_its_name_and_size() -> None:
    assert {f"DTYPE_{name.upper()}": number for name, number in RESULT_DTYPES.items()} == {
        name: number for name, number in pb.Dtype.items() if number
    }
    assert {name: np.dtype(name).itemsize for name in RESULT_DTYPES} == ITEM_BYTES
    assert RESULT_DTYPES.keys() - DTYPES.keys() == {"int64"}
    assert all(DTYPE_NAMES[number] == name for name, number in DTYPES.items())


def test_every_tier_of_the_schema_can_be_asked_for() -> None:
    written = {f"TIER_{name.upper()}": number for name, number in TIERS.items() if name != "auto"}
    assert written | {"TIER_UNSPECIFIED": TIERS["auto"]} == dict(pb.Tier.items())
    assert all(TIER_NAMES[number] == name for name, number in TIERS.items())


def test_status_codes_are_named_as_in_grpc() -> None:
    assert dict(enumerate(STATUS_NAMES)) == {code.value[0]: code.name for code in grpc.StatusCode}
