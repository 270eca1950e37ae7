"""Memory whose size nobody can change."""

from __future__ import annotations

import fcntl
import mmap
import os
import resource
import tempfile
from collections.abc import Iterator

import pytest

from gridgrad_core.system import shared_memory

SIZE = 3 * mmap.PAGESIZE + 5


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = shared_memory.create("gridgrad-test", SIZE)
    yield descriptor
    os.close(descriptor)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_it_has_its_size_and_is_zero_and_not_inherited(memory: int) -> None:
    assert os.fstat(memory).st_size == SIZE
    assert os.pread(memory, SIZE, 0) == bytes(SIZE)
    assert not os.get_inheritable(memory)
    assert os.readlink(f"/proc/self/fd/{memory}").startswith("/memfd:gridgrad-test")


@pytest.mark.parametrize("size", [0, SIZE - 1, SIZE + 1])
def test_its_size_stays(memory: int, size: int) -> None:
    assert shared_memory.is_sealed(memory)
    with pytest.raises(PermissionError):
        os.ftruncate(memory, size)


def test_no_seal_can_be_added_that_would_end_who_writes(memory: int) -> None:
    with pytest.raises(PermissionError):
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)


def test_what_one_mapping_writes_another_reads(memory: int) -> None:
    with mmap.mmap(memory, SIZE) as writing, mmap.mmap(memory, SIZE, prot=mmap.PROT_READ) as reading:
        writing[7:12] = b"bytes"
        assert reading[7:12] == b"bytes"


@pytest.mark.parametrize("seals", [0, fcntl.F_SEAL_SHRINK, fcntl.F_SEAL_GROW])
def test_memory_that_can_change_its_size_is_not_sealed(seals: int) -> None:
    descriptor = os.memfd_create("open", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        assert not shared_memory.is_sealed(descriptor)
    finally:
        os.close(descriptor)


def test_files_are_no_memory() -> None:
    with tempfile.TemporaryFile("wb", dir="/proc/self/cwd") as file, pytest.raises(OSError, match="Invalid argument"):
        shared_memory.is_sealed(file.fileno())


def test_nothing_is_left_open_where_the_memory_can_not_be_had() -> None:
    before = open_descriptors()
    with pytest.raises(OSError, match="Invalid argument"):
        shared_memory.create("negative", -1)
    assert open_descriptors() == before


def test_too_many_descriptors_are_an_error_of_the_system() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            shared_memory.create("one too many", SIZE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
