"""The suite: all cases by all ways that a server offers."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass

from gridgrad.conformity.call_outcome import CallOutcome, fault_of
from gridgrad.conformity.case import Case, all_cases, request_of
from gridgrad.conformity.grpc_ways import GrpcStream
from gridgrad.conformity.session_way import InSession, SessionEnded
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.methods import SERVICE

__all__ = ["Checked", "Way", "check_all"]

_METHODS = pb.DESCRIPTOR.services_by_name[SERVICE.rpartition(".")[2]].methods_by_name
_USE_STREAM: Mapping[str, Any] = {"refused": {"status": "RESOURCE_EXHAUSTED", "reason": "USE_STREAM"}}
_NOT_HERE = "does not apply here"


class Way(Protocol):
    """A way to a server."""

    @property
    def name(self) -> str:
        """What it is called."""

    def ask(self, raw: bytes) -> CallOutcome:
        """Asks for a grid."""


class Methods(Way, Protocol):
    """One that has the other methods too."""

    def call(self, method: str, raw: bytes) -> bytes | CallOutcome:
        """Calls a method."""


class Checked(NamedTuple):
    """What came of a case.

    Args:
        way: by which it was asked.
        name: of the case.
        fault: what is wrong; empty for nothing.
        skipped: why it was not asked; empty if it was.
    """

    way: str
    name: str
    fault: str = ""
    skipped: str = ""


def check_all(ways: Sequence[Way], info: pb.GetServerInfoResponse) -> Iterator[Checked]:
    """Asks all cases by all ways.

    Args:
        ways: to one server.
        info: what it says of itself.
    """
    cases = all_cases()
    for way in ways:
        for case in cases:
            skipped = _why_not(case, way, info)
            if skipped == _NOT_HERE:
                continue
            yield Checked(way.name, case.name, "" if skipped else _fault(case, way, info, cases), skipped)


def _why_not(case: Case, way: Way, info: pb.GetServerInfoResponse) -> str:
    said = case.said
    is_stream, is_session, has_methods = isinstance(way, GrpcStream), isinstance(way, InSession), hasattr(way, "call")
    wants_stream = any(name in said for name in ("together", "twice", "pack"))
    if wants_stream != is_stream and (wants_stream or case.group == "streams"):
        return _NOT_HERE
    if ("sends" in said and not is_session) or ("method" in said and not has_methods):
        return _NOT_HERE
    if "again" in said and is_stream:
        return _NOT_HERE  # entries of a stream have no numbers
    if "raw" in said and way.name.endswith("json"):
        return _NOT_HERE
    if case.feature and case.feature not in info.features:
        return f"the server does not have the feature {case.feature}"
    return ""


def _fault(case: Case, way: Any, info: pb.GetServerInfoResponse, cases: Sequence[Case]) -> str:
    said = case.said
    try:
        if "sends" in said:
            fault: str = way.ends(said)
            return fault
        if "method" in said:
            return _fault_of_method(said, way)
        if any(name in said for name in ("together", "twice", "pack")):
            return _fault_of_stream(case, way, {each.name: each for each in cases})
        outcome = way.ask(request_of(case))
        is_large = "gives" in said and _bytes_of(said["gives"]) > info.limits.unary_result_bytes
        if is_large and hasattr(way, "call"):
            return fault_of(_USE_STREAM, outcome)
        return fault_of(said, outcome) or ("again" in said and _fault_again(said["again"], way, outcome)) or ""
    except (SessionEnded, OSError) as error:
        return f"{type(error).__name__}: {error}"


def _bytes_of(gives: Mapping[str, Any]) -> int:
    planes = (1 + len(gives["derivatives"])) * len(gives["components"])
    points: int = math.prod(gives["shape"])
    return 8 * planes * points


def _fault_again(again: Mapping[str, Any], way: Way, first: CallOutcome) -> str:
    assert first.header is not None, "it was answered"  # noqa: S101 - narrows the type
    if not first.header.bound:
        return "no number for a request with bind"
    numbers = struct.pack(f"<{len(again['numbers'])}d", *again["numbers"])
    raw = pb.GridGradientRequest(bound=first.header.bound, numbers=numbers).SerializeToString()
    return fault_of(again, way.ask(raw))


def _fault_of_method(said: Mapping[str, Any], way: Methods) -> str:
    method = _METHODS[said["method"]]
    asked = json_format.ParseDict(said["asks"], GetMessageClass(method.input_type)())
    answer = way.call(said["method"], asked.SerializeToString())
    if isinstance(answer, CallOutcome):
        return fault_of(said, answer)
    if "refused" in said:
        return f"answered, instead of refused with {said['refused']['status']}"
    told = json_format.MessageToDict(GetMessageClass(method.output_type).FromString(answer))
    missing = [path for path in said["has"] if not _has(told, path)]
    return f"nothing in {', '.join(missing)}" if missing else ""


def _has(told: Any, path: str) -> bool:
    for name in path.split("."):
        if name not in told:
            return False
        told = told[name]
    return True


def _fault_of_stream(case: Case, way: GrpcStream, cases: Mapping[str, Case]) -> str:
    said = case.said
    if "twice" in said:
        raw = request_of(cases[said["twice"]])
        outcomes = way.together([raw, raw], ids=[7, 7])
        return fault_of(said, outcomes if isinstance(outcomes, CallOutcome) else CallOutcome())
    asked = [case] if "pack" in said else [cases[name] for name in said["together"]]
    outcomes = way.together([request_of(each) for each in asked], entries=said.get("pack", 0))
    if isinstance(outcomes, CallOutcome):
        return f"the stream has ended: {outcomes.message}"
    if "pack" in said:
        return _first(
            zip(
                range(len(outcomes)), map(fault_of, [{"gives": gives} for gives in said["each"]], outcomes), strict=True
            )
        )
    return _first((each.name, fault_of(each.said, outcome)) for each, outcome in zip(asked, outcomes, strict=True))


def _first(faults: Any) -> str:
    return next((f"{name}: {fault}" for name, fault in faults if fault), "")
