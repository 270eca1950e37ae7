"""The published cases: written by their generator, each readable, and about all that the protocol has."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from gridgrad.conformity.case import all_cases, request_of
from gridgrad_core.v1 import gridgrad_pb2 as pb


@pytest.mark.long
def test_the_file_is_what_the_generator_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sympy")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "client"))
    try:
        import generate_conformity

        assert generate_conformity.CASES.read_text() == generate_conformity.written(), "generate it"
    finally:
        sys.modules.pop("generate_conformity", None)


def test_names_are_unique_and_all_groups_have_cases() -> None:
    cases = all_cases()
    assert len({case.name for case in cases}) == len(cases)
    groups = Counter(case.group for case in cases)
    assert groups.keys() == {"values", "reductions", "tables", "errors", "limits", "methods", "streams", "sessions"}


def test_what_is_asked_is_a_message() -> None:
    for case in all_cases():
        if "asks" in case.said and "method" not in case.said:
            assert pb.GridGradientRequest.FromString(request_of(case)).ByteSize()
        for other in (*case.said.get("together", ()), *filter(None, [case.said.get("twice")])):
            assert other in {each.name for each in all_cases()}
