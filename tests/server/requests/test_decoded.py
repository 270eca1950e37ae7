"""What is decoded, taken apart grid by grid."""

from __future__ import annotations

import struct

from gridgrad_core.grid import InputSpec, grid_of
from gridgrad_server.requests.decoded import (
    DecodedArray,
    DecodedFunction,
    DecodedInput,
    DecodedLinspace,
    DecodedRequest,
)


def pack_of_three() -> DecodedRequest:
    own = DecodedInput(InputSpec("x", ("x",), (2,)), DecodedArray("float64", struct.pack("<6d", *range(6)), True))
    shared = DecodedInput(InputSpec("a", (), ()), DecodedArray("float64", struct.pack("<d", 9.0)))
    spaced = DecodedInput(InputSpec("t", ("t",), (4,)), DecodedLinspace(0.0, 1.0, 4))
    inputs = (own, shared, spaced)
    function = DecodedFunction("expression", "x*a*t", (("x", ("x",)), ("a", ()), ("t", ("t",))), "float64", ())
    return DecodedRequest(function, inputs, grid_of([each.spec for each in inputs]), "", 3)


def test_each_grid_gets_its_own_numbers_and_what_is_shared() -> None:
    parts = pack_of_three().split_grids()
    assert [part.grids for part in parts] == [1, 1, 1]
    numbers = [[struct.unpack(f"<{len(each) // 8}d", each) for each in part.numbers] for part in parts]
    assert numbers == [[(0.0, 1.0), (9.0,)], [(2.0, 3.0), (9.0,)], [(4.0, 5.0), (9.0,)]]


def test_linspaces_have_no_numbers() -> None:
    assert [len(each) for each in pack_of_three().numbers] == [48, 8]
