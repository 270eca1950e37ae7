"""What the driver is asked for; a library that remembers it in the driver's place."""

from __future__ import annotations

import ctypes
import gc
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridgrad_worker.devices import driver
from gridgrad_worker.devices.device import is_lost, is_out_of_memory
from gridgrad_worker.devices.driver import DriverError, LostError
from tests.worker.engines.cuda.emulated import needs_gcc

pytestmark = needs_gcc


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = tmp_path_factory.mktemp("driver") / "libcuda.so"
    source = Path(__file__).with_name("fake_driver.cpp")
    subprocess.run([str(shutil.which("g++")), "-shared", "-fPIC", "-o", library, source], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.last_call.restype = ctypes.c_char_p
    return loaded


@pytest.fixture
def fake(built: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> Iterator[ctypes.CDLL]:
    gc.collect()  # kernels that an error's traceback has held are unloaded now, and take no later answer
    monkeypatch.setattr(driver, "_library", lambda: built)
    monkeypatch.setattr(driver, "_stream", lambda: 0xAABBCCDDEEFF)
    yield built
    built.answer_with(0)


def test_kernels_are_loaded_and_launched(fake: ctypes.CDLL) -> None:
    first, second = driver.load(b"\x7fELF code", ["grid", "levels"])
    arguments: list[ctypes.c_void_p | ctypes.c_longlong] = [
        ctypes.c_void_p(0x700000000010),
        ctypes.c_longlong(-(1 << 40)),
    ]
    driver.launch(second, 3_000_000_000, 256, arguments)
    assert fake.last_call().decode() == (
        "0xf00000000006: 3000000000 1 1 blocks of 256 1 1, 0 shared, on 0xaabbccddeeff: "
        f"0x700000000010 {-(1 << 40)}, (nil)"
    )
    driver.launch(first, 1, 32, arguments)
    assert fake.last_call().startswith(b"0xf00000000004: 1 1 1 blocks of 32")


def test_a_module_is_unloaded_with_the_last_of_its_kernels(fake: ctypes.CDLL) -> None:
    kernels = driver.load(b"code", ["grid", "levels"])
    kernels.pop()
    assert not fake.last_call().startswith(b"unload")
    fake.answer_with(700)
    kernels.pop()
    assert fake.last_call() == b"unload 0x1234567890ab"


def test_memory_is_pinned_once(fake: ctypes.CDLL) -> None:
    size = 5 << 32
    driver.pin(0x700000000000, size)
    assert fake.last_call() == b"pin 21474836480 0"
    with pytest.raises(DriverError, match="error 712"):
        driver.pin(0x700000000000, size)
    driver.unpin(0x700000000000)
    with pytest.raises(DriverError, match="error 713"):
        driver.unpin(0x700000000000)


@pytest.mark.parametrize(
    ("status", "lost", "memory"),
    [
        (2, False, True),
        (200, False, False),
        (209, False, False),
        (700, True, False),
        (719, True, False),
        (999, True, False),
    ],
)
def test_an_error_that_ends_the_worker_is_told_from_others(
    fake: ctypes.CDLL, status: int, lost: bool, memory: bool
) -> None:
    (kernel,) = driver.load(b"", ["grid"])
    fake.answer_with(status)
    kind = LostError if lost else MemoryError if memory else DriverError
    with pytest.raises(kind, match=f"cuLaunchKernel: error {status}") as caught:
        driver.launch(kernel, 1, 32, [ctypes.c_void_p(0), ctypes.c_longlong(0)])
    assert (is_lost(caught.value), is_out_of_memory(caught.value)) == (lost, memory)
