"""Compiles all formulas in both spellings and prints how near differences come to what is allowed.

`python -m tests.worker.engines.compiled.formulas [ORDER] [FIELD ...]`
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.verification.samples import sample_tiles
from gridgrad_worker.engines.compiled.verification.verify import VerificationError, compare, computed, verify
from tests.worker.engines.compiled.formulas.corpus import FIELDS, Written, direct_of, grouped, in_one


def main(arguments: Sequence[str]) -> None:
    """Compiles and prints."""
    order = int(arguments[0]) if arguments else 1
    device = open_device("cpu", 2)
    assert isinstance(device, CpuDevice)
    for field in arguments[1:] or FIELDS:
        written = [(each, text) for each in FIELDS[field] for text in (each.text, each.other)]
        found = [_measured(part, order, device) for part in grouped(written, order)]
        worst, bound, compiling, verifying = np.array(found).T
        print(
            f"{field}: {len(written)} texts to order {order}: compiled in {compiling.sum():.0f} s, verified in "
            f"{verifying.sum():.2f} s; largest difference {worst.max():.2f} of what is allowed; "
            f"half of all results are allowed {np.median(bound):.1e} of themselves",
            flush=True,
        )


def _measured(written: Sequence[Written], order: int, device: CpuDevice) -> tuple[float, float, float, float]:
    begun = time.perf_counter()
    job = in_one(written, order)
    direct = direct_of(job, device)
    with tempfile.TemporaryDirectory() as directory:
        library = build(source_of(job, direct), Path(directory))
        built = time.perf_counter()
        codes = [engine_of(job, direct, library, separating=mode).compute for mode in {direct.guard is not None, False}]
        try:
            verify(job, direct, *codes)
        except VerificationError as error:
            print(f"refused, one of {', '.join(each.name for each, _ in written)}: {error}")
        done = time.perf_counter()
        tiles = sample_tiles(job)
        right = computed(direct, direct.compute, tiles, job.dtype)
        several = [compare(job, direct, tiles, right, computed(direct, code, tiles, job.dtype), 0) for code in codes]
    worst = max(float(each.ratios.max()) for each in several)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = [(each.allowed / np.abs(right))[each.doubted & np.isfinite(each.allowed)] for each in several]
    return worst, float(np.median(np.concatenate(shares))), built - begun, done - built


if __name__ == "__main__":
    main(sys.argv[1:])
