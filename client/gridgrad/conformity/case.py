"""Cases: what `cases.json` says of requests and of their answers, for whatever implements the protocol.

A case has a `name`, "group/what it is about", and may name the `feature` without which it does not apply. It is one of:

* `asks`, a GridGradientRequest in protobuf's JSON, in which `values` of an input are numbers, nested as its dims, that
  go as `array`, and a `table` has numbers likewise. It `gives` an answer, or is `refused`. `raw` has bytes instead, in
  base64. With `again` it is then asked by its number, with other `numbers`. With `pack` it is so many entries of a
  stream, and `each` has their answers.
* `method`, another unary method, whose message is `asks`. The answer `has` these fields, or the call is `refused`.
* `together`, names of cases that are asked on one stream, or `twice`, one that is asked there twice with the same id.
* `sends`, messages of a session in protobuf's JSON, after a token if it `greets`; the server `ends` it then.

An answer has `dims`, `shape`, `derivatives` and `components`, and numbers: `planes`, of the value and of each
derivative, of one component after another, in C order; or, of large ones, some of them `at` [plane, point, number].
"any" stands for any number. They agree `within` 1e-12 of the largest of their plane, if nothing else is said; what is
no number, exactly. `refused` has the `status`, and the `reason` and the beginning of the `field` if they are promised.
"""

from __future__ import annotations

import base64
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from google.protobuf import json_format

from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["Case", "all_cases", "request_of"]


class Case(NamedTuple):
    """A case.

    Args:
        name: "group/what it is about".
        said: all of it.
    """

    name: str
    said: Mapping[str, Any]

    @property
    def group(self) -> str:
        """What it belongs to."""
        return self.name.partition("/")[0]

    @property
    def feature(self) -> str:
        """The feature of a server without which it does not apply; empty for none."""
        feature: str = self.said.get("feature", "")
        return feature


def all_cases() -> list[Case]:
    """The published cases, in their order."""
    text = importlib.resources.files("gridgrad.conformity").joinpath("cases.json").read_text()
    return [Case(each["name"], each) for each in json.loads(text)]


def request_of(case: Case) -> bytes:
    """The serialized GridGradientRequest of a case."""
    if "raw" in case.said:
        return base64.b64decode(case.said["raw"])
    asked = dict(case.said["asks"])
    asked["inputs"] = [_input(each) for each in asked.get("inputs", ())]
    return json_format.ParseDict(asked, pb.GridGradientRequest()).SerializeToString()


def _input(given: Mapping[str, Any]) -> dict[str, Any]:
    told = dict(given)
    if "values" in told:
        told["array"] = _array(told.pop("values"))
    if "table" in told:
        table = told["table"]
        told["table"] = {
            **table,
            "values": _array(table["values"]),
            "knots": [_array(knots) for knots in table["knots"]],
        }
    return told


def _array(values: Sequence[Any] | float) -> dict[str, Any]:
    numbers = np.asarray(values, "<f8")
    return {"shape": list(numbers.shape), "data": base64.b64encode(numbers.tobytes()).decode()}
