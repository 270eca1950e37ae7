"""What a compile process does when there can be no package."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_worker.engines.compiled.codegen.build import CppSource, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings
from gridgrad_worker.engines.compiled.make import make
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.cache import Cache
from gridgrad_worker.native.cache_dir import open_directory
from gridgrad_worker.native.toolchain import find_compiler


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


@pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
def test_numbers_alone_and_what_cancels_are_compiled(settings: CpuTierSettings, tmp_path: Path) -> None:
    assert settings.root is not None
    root = open_directory(settings.root)
    alone = CompileJob("a*b, exp(log(a)) - a", ("a", "b"), ((), ()), 0, ((), (0,), (1,)), "float64", "cpu")
    assert make(alone, root, 1 << 20, tmp_path) == ""
    package = Cache(root, 1 << 20).find(alone.key())
    assert package is not None
    assert not package.refused


@pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
def test_a_fault_in_what_was_compiled_is_found_and_remembered(
    settings: CpuTierSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.root is not None
    root = open_directory(settings.root)
    job = CompileJob("x*exp(-x**2)", ("x",), ((0,),), 1, ((), (0,)), "float64", "cpu")

    def with_a_wrong_sign(job: CompileJob, direct: StructuredEngine) -> CppSource:
        right = source_of(job, direct)
        wrong = right._replace(declared=right.declared.replace(" = -x", " = x", 1))
        assert wrong != right
        return wrong

    monkeypatch.setattr("gridgrad_worker.engines.compiled.make.source_of", with_a_wrong_sign)
    said = make(job, root, 1 << 20, tmp_path)
    assert "for the value at x=" in said
    package = Cache(root, 1 << 20).find(job.key())
    assert package is not None
    assert package.refused == said
