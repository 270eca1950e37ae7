from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.table_specs import plan_table, spec_of, specs_of_plan


def array(*shape: int, **more: Any) -> pb.Array:
    return pb.Array(**{"shape": shape, "data": np.zeros(shape).tobytes(), **more})


def table(**more: Any) -> pb.Table:
    given = {"values": array(4, 3, 2), "knots": [array(4), array(3)], "method": "cubic", "outside": "nan"}
    return pb.Table(**{**given, **more})


def test_what_a_table_is_is_told_by_its_shapes() -> None:
    slopes = table(method="hermite", knots=[array(4)], values=array(2, 4, 3))
    assert spec_of("inputs[0]", "H", slopes) == TableSpec("H", 1, 3, "nan", 3)
    slopes.values.CopyFrom(array(2, 4))
    assert spec_of("inputs[0]", "H", slopes) == TableSpec("H", 1, 3, "nan", 0)
    assert spec_of("inputs[0]", "T", table()) == TableSpec("T", 2, 3, "nan", 2)
    assert spec_of("inputs[0]", "T", table(values=array(4, 3))) == TableSpec("T", 2, 3, "nan", 0)
    assert spec_of("inputs[0]", "n", table(method="array", knots=[], values=array(3))) == TableSpec("n", 0, 0, "")


@pytest.mark.parametrize(
    ("name", "given", "field", "found"),
    [
        ("1T", table(), "i.name", "'1T'"),
        ("T", table(knots=[]), "i.knots", "knots of 0 arguments"),
        ("T", table(knots=[array(1)] * 4), "i.knots", "knots of 4 arguments"),
        ("T", table(method="steps"), "i.method", "'steps'"),
        ("T", table(outside=""), "i.outside", "''"),
        ("T", table(knots=[array(4), array(3, 1)]), "i.knots[1].shape", "[3, 1]"),
        ("T", table(knots=[array(4), array(3, dtype=pb.DTYPE_FLOAT32)]), "i.knots[1].dtype", "no float64"),
        ("T", table(knots=[array(4), array(3, data=b"1")]), "i.knots[1].data", "1 bytes"),
        ("T", table(values=array(4, 2, 2)), "i.values.shape", "shape [4, 2, 2] for 4 x 3 knots"),
        ("T", table(values=array(4, 2), knots=[array(4)], method="hermite"), "i.values.shape", "[4, 2] for 4 knots"),
        ("T", table(values=array(4)), "i.values.shape", "[4]"),
        ("T", table(values=array(4, 3, 65)), "i.values.shape", "65 components"),
        ("T", table(values=array(4, 3, 0)), "i.values.shape", "[4, 3, 0]"),
        ("n", table(method="array"), "i.knots", "knots of an array"),
        ("n", table(method="array", knots=[]), "i.values.shape", "[4, 3, 2]"),
        ("n", table(method="array", knots=[], values=array(5000)), "i.values.shape", "5,000 numbers"),
    ],
)
def test_what_is_none_is_refused_by_its_field(name: str, given: pb.Table, field: str, found: str) -> None:
    with pytest.raises(RequestError) as caught:
        spec_of("i", name, given)
    assert caught.value.field == field
    assert found in caught.value.found
    assert caught.value.remedy


def test_servers_and_workers_tell_each_other_what_tables_are() -> None:
    specs = (TableSpec("T", 2, 3, "nan", 2), TableSpec("V", 1, 1, "clamp"))
    assert specs_of_plan(map(plan_table, specs)) == specs
