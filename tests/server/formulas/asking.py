"""Requests of numbers alone, as the server decodes them."""

from __future__ import annotations

from gridgrad_core.grid import grid_of
from gridgrad_server.formulas.shared_formulas import scalar
from gridgrad_server.requests.decoded import DecodedFunction, DecodedRequest


def asked(name: str, *inputs: str, kind: str = "registered") -> DecodedRequest:
    given = tuple(scalar(each, 1.0) for each in inputs)
    function = DecodedFunction(kind, name, tuple((each, ()) for each in inputs), "float64", ())
    return DecodedRequest(function, given, grid_of([each.spec for each in given]), "")
