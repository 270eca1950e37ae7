"""The compiler of kernels, where it is installed; it needs no GPU."""

from __future__ import annotations

import pytest
import torch

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.cuda import nvrtc
from gridgrad_worker.engines.cuda.nvrtc import compile_kernels
from gridgrad_worker.engines.cuda.source import write_source
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.errors import CannotCompileError, NothingToCompileWithError


def _is_there() -> bool:
    try:
        nvrtc._library()
    except CannotCompileError:
        return False
    return True


needs_nvrtc = pytest.mark.skipif(not _is_there(), reason="NVRTC is not installed")


@needs_nvrtc
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_kernels_are_compiled(cpu: CpuDevice, dtype: torch.dtype) -> None:
    inputs = {"x": (0,), "y": (1,)}
    program = parse("x*exp(y) + gamma(x - y) + digamma(y) + norm_ppf(x) + log_norm_cdf(y) % x", list(inputs))
    engine = StructuredEngine(program, inputs, 2, [(), (0,), (1,)], dtype, cpu, separating=False)
    source = write_source(engine.plan, 2, dtype)
    code = compile_kernels(source.text, "sm_80")
    assert code.startswith(b"\x7fELF")
    assert all(f".text.{name}".encode() in code for name in source.names)


@needs_nvrtc
def test_what_is_wrong_is_said() -> None:
    with pytest.raises(CannotCompileError, match='identifier "y" is undefined'):
        compile_kernels("__device__ int f() { return y; }", "sm_80")
    with pytest.raises(CannotCompileError, match="architecture"):
        compile_kernels("", "sm_1")


def test_a_compiler_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvrtc, "_names", lambda: iter(["libnvrtc.so.not-there"]))
    nvrtc._library.cache_clear()
    with pytest.raises(NothingToCompileWithError, match="there is no NVRTC"):
        compile_kernels("", "sm_80")
    nvrtc._library.cache_clear()
