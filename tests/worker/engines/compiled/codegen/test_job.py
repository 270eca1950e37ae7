"""What a compile job is kept under."""

from __future__ import annotations

import pytest

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.native.cache import CacheOwner


def test_keys_differ_by_all_that_counts(job: CompileJob, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [
        job._replace(text="a*x*y"),
        job._replace(names=("x", "a", "y")),
        job._replace(dims=((), (1,), (0,))),
        job._replace(wanted=((), (2,), (1,))),
        job._replace(dtype="float32"),
        job._replace(device="cuda:0"),
    ]
    keys = {each.key() for each in (job, *others)}
    assert len(keys) == 7
    assert CompileJob.from_json(job.to_json()) == job
    owned = job._replace(owner=CacheOwner("@alice", 1 << 40))
    assert (owned.key(), CompileJob.from_json(owned.to_json())) == (job.key(), owned)
    monkeypatch.setattr("gridgrad_worker.engines.compiled.codegen.job._made_for", lambda: ("another version",))
    assert job.key() not in keys
