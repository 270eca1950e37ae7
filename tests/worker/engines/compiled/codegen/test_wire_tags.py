"""The tags that compiled code writes: as protobuf writes them, and part of what a package is kept under."""

from __future__ import annotations

import pytest

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.compiled.codegen import job as job_module
from gridgrad_worker.engines.compiled.codegen import wire_tags
from gridgrad_worker.engines.compiled.codegen.build import source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine


def test_they_are_what_protobuf_writes() -> None:
    answer = pb.WorkerMessage(done=pb.BatchDone(id=7, compute_s=0.5)).SerializeToString()
    assert len(answer) == 2 + 9 + 9  # each tag has one byte, which the layout in C++ counts on
    assert {"DONE_TAG": answer[0], "NUMBER_TAG": answer[2], "SECONDS_TAG": answer[11]} == wire_tags.WIRE_TAGS


def test_the_source_defines_them_before_they_are_read(job: CompileJob, direct: StructuredEngine) -> None:
    lines = source_of(job, direct).text.splitlines()
    assert lines.index(wire_tags.definitions()) < lines.index('#include "lanes.h"')
    assert "DONE_TAG = 18" in wire_tags.definitions()


def test_packages_of_other_tags_are_not_found(job: CompileJob, monkeypatch: pytest.MonkeyPatch) -> None:
    before = job.key()
    monkeypatch.setitem(wire_tags.WIRE_TAGS, "DONE_TAG", 19)
    job_module._made_for.cache_clear()
    try:
        assert job.key() != before
    finally:
        monkeypatch.undo()
        job_module._made_for.cache_clear()
