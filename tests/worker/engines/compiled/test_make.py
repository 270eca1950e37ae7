"""What a compile process does when there can be no package."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_worker.engines.compiled.codegen.build import CppSource
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.codegen.toolchain import find_compiler
from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings
from gridgrad_worker.engines.compiled.make import make
from gridgrad_worker.engines.compiled.runtime.cache import Cache
from gridgrad_worker.engines.compiled.runtime.cache_dir import open_directory


def test_what_this_machine_lacks_is_not_held_against_a_program(
    job: CompileJob, settings: CpuTierSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.root is not None
    root = open_directory(settings.root)
    monkeypatch.setattr("gridgrad_worker.engines.compiled.codegen.build._TORCH", tmp_path)
    assert "headers" in make(job, root, 1 << 20, tmp_path) or find_compiler() is None
    monkeypatch.setattr("gridgrad_worker.engines.compiled.codegen.build.find_compiler", lambda: None)
    assert "install g++" in make(job, root, 1 << 20, tmp_path)
    assert Cache(root, 1 << 20).find(job.key()) is None


def test_what_the_compiler_refuses_is_remembered(
    job: CompileJob, settings: CpuTierSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.root is not None
    root = open_directory(settings.root)
    monkeypatch.setattr("gridgrad_worker.engines.compiled.make.source_of", lambda *_: CppSource("", (), "no C++"))
    if find_compiler() is None:
        pytest.skip("there is no C++ compiler")
    assert "refuses" in make(job, root, 1 << 20, tmp_path)
    package = Cache(root, 1 << 20).find(job.key())
    assert package is not None
    assert "refuses" in package.refused
