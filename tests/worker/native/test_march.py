"""Which processors compiled code is for, and what is said where one can't be had."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings, open_cpu_tier
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native import march as module
from gridgrad_worker.native.errors import NothingToCompileWithError
from gridgrad_worker.native.march import LEVELS, march, runs, unsupported
from gridgrad_worker.native.toolchain import compiler_flags, find_compiler

ZEN_2 = frozenset({*LEVELS["x86-64"], *LEVELS["x86-64-v3"], "sha_ni"})
WIDEST = {"x86-64": "x", "x86-64-v2": "x", "x86-64-v3": "y", "x86-64-v4": "z"}
"""The first letter of the widest registers of each level: xmm, ymm, zmm."""

needs_tools = pytest.mark.skipif(
    find_compiler() is None or not shutil.which("objdump"), reason="there is no C++ compiler with binutils"
)


@pytest.fixture
def job() -> CompileJob:
    return CompileJob("sqrt(x)", ("x",), ((0,),), 1, ((),), "float64", "cpu")


@pytest.fixture
def direct(job: CompileJob, cpu: CpuDevice) -> StructuredEngine:
    return StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, cpu)


@pytest.fixture
def zen_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with AVX2 and without AVX-512."""
    monkeypatch.setattr(module, "processor_flags", lambda: ZEN_2)


@pytest.mark.usefixtures("zen_2")
def test_a_processor_runs_the_levels_that_it_has_all_of() -> None:
    assert [level for level in LEVELS if runs(level)] == ["x86-64", "x86-64-v2", "x86-64-v3"]
    assert not runs("x86-64-v9")


@pytest.mark.usefixtures("zen_2")
@pytest.mark.parametrize("given", ["x86-64-v4", "skylake", "x86-64 -o/tmp/x"])
def test_what_does_not_run_here_is_refused_by_name(
    given: str,
    job: CompileJob,
    direct: StructuredEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("GRIDGRAD_MARCH", given)
    said = f"GRIDGRAD_MARCH is {given!r}.* set it to one of native, x86-64, x86-64-v2, x86-64-v3$"
    if find_compiler() is not None:
        with pytest.raises(NothingToCompileWithError, match=said):
            build(source_of(job, direct), tmp_path)
    tier = open_cpu_tier(CpuTierSettings(root=tmp_path / "compiled"))
    key = tier.add(job, direct)
    with caplog.at_level(logging.WARNING):
        tier.prepare(key)
    assert tier.state(key).compiled == "never"
    assert re.search(said, tier.state(key).why)
    (record,) = caplog.records
    assert given in record.getMessage()
    tier.close()


@needs_tools
def test_levels_are_as_the_compiler_has_them(tmp_path: Path) -> None:
    lines = [f'std::cout << bool(__builtin_cpu_supports("{level}"));' for level in LEVELS if level != "x86-64"]
    (tmp_path / "levels.cpp").write_text(f"#include <iostream>\nint main() {{ {' '.join(lines)} }}")
    command = [str(find_compiler()), str(tmp_path / "levels.cpp"), "-o", str(tmp_path / "levels")]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this compiler can't say what a processor runs")
    said = subprocess.run([tmp_path / "levels"], capture_output=True, text=True, check=True).stdout
    assert [bool(int(each)) for each in said] == [runs(level) for level in LEVELS if level != "x86-64"]


@pytest.mark.parametrize("given", [None, "", "native"])
def test_it_is_this_processor_unless_it_is_said(given: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRIDGRAD_MARCH", raising=False)
    if given is not None:
        monkeypatch.setenv("GRIDGRAD_MARCH", given)
    assert march() == "native"
    assert not unsupported()
    assert "-march=native" in compiler_flags()


def test_packages_of_one_level_are_not_taken_for_those_of_another(
    job: CompileJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = set()
    for level in ("native", *LEVELS):
        monkeypatch.setenv("GRIDGRAD_MARCH", level)
        keys.add(job.key())
    assert len(keys) == 1 + len(LEVELS)


@needs_tools
@pytest.mark.parametrize("level", LEVELS)
def test_code_for_a_level_has_the_registers_of_that_level(
    level: str, job: CompileJob, direct: StructuredEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not runs(level):
        pytest.skip(f"this processor does not run {level}")
    monkeypatch.setenv("GRIDGRAD_MARCH", level)
    command = ["objdump", "-d", str(build(source_of(job, direct), tmp_path))]  # from the PATH, as the compiler is
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert max(re.findall(r"%([xyz])mm", said)) == WIDEST[level]
