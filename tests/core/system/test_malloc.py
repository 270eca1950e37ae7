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
