"""What is asked of malloc: large blocks come from its own memory, and stay there once freed."""

from __future__ import annotations

import subprocess
import sys

BLOCK = 8 << 20
SCRIPT = f"""
import ctypes, resource
from gridgrad_core.system.malloc import keep_freed_memory
malloc, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
malloc.restype, malloc.argtypes, free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def faults_of_use():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = malloc({BLOCK})
    ctypes.memset(block, 1, {BLOCK})
    free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults_of_use()
by_default = faults_of_use()
keep_freed_memory(1 << 28)
faults_of_use()
print(by_default, faults_of_use())
"""


def test_blocks_that_are_used_again_are_not_faulted_in_again() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    by_default, kept = map(int, run.stdout.split())
    assert by_default > 0
    assert kept < by_default / 4


SCATTERED = """
import ctypes, resource
from pathlib import Path
from gridgrad_core.system.malloc import give_back_freed_memory
malloc, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
malloc.restype, malloc.argtypes, free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20

blocks = [malloc(60_000) for _ in range(1000)]
for block in blocks:
    ctypes.memset(block, 1, 60_000)
for block in blocks[::2]:
    free(block)
print(resident())
give_back_freed_memory()
print(resident())
"""


def test_what_is_freed_between_what_is_in_use_is_given_back() -> None:
    run = subprocess.run([sys.executable, "-c", SCATTERED], capture_output=True, text=True, check=True)
    kept, left = map(int, run.stdout.split())
    assert kept - left > 20, "of 28 MiB that were freed"
