"""While the library of special functions is compiled, only those wait who need it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import gridgrad
from tests.service.harness import eventually, running

COMPILER = """#!/bin/sh
test "$1" = --version && echo "a compiler" && exit
echo $$ >> {folder}/begun
while [ ! -e {folder}/ends ]; do sleep 0.02; done
exit 1
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a server with a cache of its own and a compiler that ends in vain, once it may."""
    compiler = tmp_path / "c++"
    compiler.write_text(COMPILER.format(folder=tmp_path))
    compiler.chmod(0o700)
    return {"GRIDGRAD_CACHE": str(tmp_path / "cache"), "CXX": str(compiler)}


def test_nobody_waits_for_the_library_but_who_needs_it(tmp_path: Path, environment: dict[str, str]) -> None:
    pytest.importorskip("scipy")  # by which it is computed once that compiler has failed
    x = np.array([0.5, 1.0, 2.0])
    with (
        running(tmp_path, environment=environment) as server,
        gridgrad.Client(server.address, timeout=60) as client,
        ThreadPoolExecutor() as pool,
    ):
        try:
            needing = pool.submit(client.gradient, "jv(0.5, x)", {"x": x})
            eventually((tmp_path / "begun").exists, "the compiler")
            assert client.gradient("x**2", {"x": x}).value.tolist() == [0.25, 1.0, 4.0]
            assert not needing.done()
        finally:
            (tmp_path / "ends").touch()
        np.testing.assert_allclose(needing.result().value, np.sqrt(2 / (np.pi * x)) * np.sin(x), rtol=1e-13)


def test_what_compiles_it_ends_with_the_server(tmp_path: Path, environment: dict[str, str]) -> None:
    with running(tmp_path, environment=environment) as server, ThreadPoolExecutor() as pool:
        client = gridgrad.Client(server.address, timeout=0.5, retries=0)
        pool.submit(client.gradient, "jv(0.5, x)", {"x": [1.0]})
        eventually((tmp_path / "begun").exists, "the compiler")
        compilers = [int(each) for each in (tmp_path / "begun").read_text().split()]
        server.process.kill()
        eventually(lambda: not any(map(is_running, compilers)), "the end of what it has started")
        client.close()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
