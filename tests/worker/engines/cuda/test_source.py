"""The kernels that are written for a plan: every function of the language, and random programs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from numpy.typing import NDArray

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.cuda.source import Source, write_source
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.native.errors import CannotCompileError
from gridgrad_worker.native.library_functions import VALUES as LIBRARY_VALUES
from tests.seeds import examples
from tests.worker.engines.cuda.both_tiers import AXES, TEXT, WANTED, Both
from tests.worker.engines.cuda.emulated import needs_gcc
from tests.worker.torch_ops.test_random_programs import texts

Array = NDArray[np.floating]
Dims = Mapping[str, tuple[int, ...]]

NVCC = shutil.which("nvcc")


def calls_of_all_functions() -> list[str]:
    calls = []
    for name, declared in FUNCTIONS.items():
        if declared.group != "operator" and not declared.integers and name not in LIBRARY_VALUES:
            kinds = declared.kinds or ("number",) * len(declared.params)
            arguments = [f"{x} > 0" if kind == "boolean" else x for x, kind in zip("xyz", kinds, strict=False)]
            calls.append(f"{name}({', '.join(arguments)})")
    return calls


AWKWARD = [-2.0, -1.3, -1.0, -0.0, 0.0, 1e-9, 0.3, 0.5, 0.9, 1.0, 3.0, 11.0, np.inf, np.nan]


@needs_gcc
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("half", [0, 1])
def test_every_function(cpu: CpuDevice, half: int, dtype: str) -> None:
    """At awkward points too. One library for many, since to compile it takes longest."""
    text = ", ".join(calls_of_all_functions()[half::2])
    both = Both(cpu, text, {"x": (0,), "y": (1,), "z": (2,)}, 3, [()], dtype)
    values = tuple(ArrayValues(np.array(AWKWARD), (dim,), 3) for dim in range(3))
    both.compare([Tile(values, Subgrid((0,) * 3, (len(AWKWARD),) * 3))], 1e-13 if dtype == "float64" else 2e-6)


@needs_gcc
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_functions_that_are_derivatives(cpu: CpuDevice, dtype: str) -> None:
    text = "polygamma(1, x), polygamma(2, x), sinc(x), erfcx(x), log_norm_cdf(x), norm_cdf(x), gamma(x)"
    both = Both(cpu, text, {"x": (0,)}, 1, [(), (0,), (0, 0)], dtype)
    values = (ArrayValues(np.array([-7.3, -2.2, -0.7, 0.1, 0.5, 1.2, 4.7, 12.1, np.inf, np.nan]), (0,), 1),)
    both.compare([Tile(values, Subgrid((0,), (10,)))], 1e-12 if dtype == "float64" else 1e-5)


def test_functions_of_the_library_are_left_to_the_direct_tier(cpu: CpuDevice) -> None:
    engine = StructuredEngine(parse("j0(x)*y"), {"x": (0,), "y": (1,)}, 2, [(), (0,)], torch.float64, cpu)
    with pytest.raises(CannotCompileError, match="it calls j0, j1, which the processor computes"):
        write_source(engine.plain_plan, 2, torch.float64)


@needs_gcc
@given(texts())
@settings(max_examples=examples(20))
def test_random_programs(cpu: CpuDevice, text: str) -> None:
    both = Both(cpu, text, {"x": (0,), "y": (1,)}, 2, [(), (0,), (1,), (0, 1)])
    random = np.random.default_rng(0)
    values = tuple(ArrayValues(random.uniform(-1.5, 2.7, 9), (dim,), 2) for dim in range(2))
    both.compare([Tile(values, Subgrid((0, 0), (9, 9)))], 1e-12)


@pytest.mark.skipif(NVCC is None, reason="there is no nvcc")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_cuda_compiler_takes_it(cpu: CpuDevice, tmp_path: Path, dtype: torch.dtype) -> None:
    text = f"{TEXT.strip()} + gamma(x) + polygamma(1, y) + norm_ppf(x/3) + log_norm_cdf(x - y) + erfcx(x)"
    engine = StructuredEngine(parse(text, list(AXES)), AXES, 2, WANTED, dtype, cpu, separating=False)
    source: Source = write_source(engine.plan, 3, dtype)
    path = tmp_path / "kernels.cu"
    path.write_text(source.text)
    subprocess.run([str(NVCC), "-std=c++17", "-arch=sm_80", "-ptx", "-o", tmp_path / "kernels.ptx", path], check=True)
    ptx = (tmp_path / "kernels.ptx").read_text()
    assert all(f".entry {name}(" in ptx for name in source.names)
