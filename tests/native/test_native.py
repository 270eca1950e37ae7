"""The native library against real servers, and against one that answers what it likes."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import re
import shutil
import signal
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest

import gridgrad
from gridgrad.conformity.call_outcome import fault_of
from gridgrad.conformity.case import all_cases, request_of
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.native.builds import NATIVE, build, run
from tests.native.c_library import CLibrary, can_say
from tests.native.fake_server import MEMORY_BYTES, answer_of, fake_server, greeting
from tests.seeds import seed as drawn_from
from tests.service.harness import Running, eventually, running

MOST_LIBRARY_BYTES = 100_000
SANITIZED = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1", **os.environ}


class Native(NamedTuple):
    """A server with its socket of sessions."""

    server: Running
    path: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library and its tests, in a folder."""
    folder = tmp_path_factory.mktemp("built")
    return build(folder, fortran=shutil.which("gfortran") is not None)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Native]:
    """A real server."""
    folder = tmp_path_factory.mktemp("native")
    with running(folder, "--session-socket", str(folder / "sessions")) as server:
        yield Native(server, folder / "sessions")


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as `built` with sanitizers."""
    return build(
        tmp_path_factory.mktemp("sanitized"), "-DGRIDGRAD_SANITIZE=address,undefined", "-DCMAKE_BUILD_TYPE=Debug"
    )


def tags() -> ModuleType:
    """native/generate_tags.py."""
    spec = importlib.util.spec_from_file_location("generate_tags", NATIVE / "generate_tags.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_numbers_of_fields_are_those_of_the_schema() -> None:
    assert tags().PLACE.read_text() == tags().header(), "python native/generate_tags.py writes them anew"


def test_the_reasons_are_those_of_the_protocol() -> None:
    said = dict(re.findall(r"GRIDGRAD_([A-Z_]+) = (\d+)", (NATIVE / "include" / "gridgrad.h").read_text()))
    reasons = {
        name: number for name, number in said.items() if int(number) < 100 and f"ERROR_REASON_{name}" in vars(pb)
    }
    assert len(reasons) == 15
    for name, number in reasons.items():
        assert getattr(pb, f"ERROR_REASON_{name}") == int(number)


CALLS = ["calls", "large", "many", "threads", "reductions", "pullbacks", "mistakes", "allocations"]


@pytest.mark.parametrize("command", CALLS)
def test_calls_in_c(built: Path, native: Native, command: str) -> None:
    run([built / "tests" / "test_c", native.path, command])


def test_calls_in_cpp(built: Path, native: Native) -> None:
    run([built / "tests" / "test_cpp", native.path])


def test_the_library_is_small(built: Path) -> None:
    library = next(each for each in built.glob("libgridgrad.so*") if not each.is_symlink())
    assert library.stat().st_size < MOST_LIBRARY_BYTES
    needed = run(["readelf", "-d", library])
    assert set(re.findall(r"NEEDED.*\[(.*?)\.so", needed)) <= {"libc", "libpthread", "libm"}


SAYABLE = [case for case in all_cases() if case.group in ("values", "reductions", "errors", "limits")]


@pytest.mark.parametrize("varying", [False, True], ids=["fixed", "varying"])
def test_it_conforms(built: Path, native: Native, varying: bool) -> None:
    library = CLibrary(next(built.glob("libgridgrad.so")), native.path)
    asked = 0
    for case in SAYABLE:
        request = pb.GridGradientRequest.FromString(request_of(case)) if "asks" in case.said else None
        if request is not None and can_say(request):
            outcome = library.ask(request, case.said.get("gives", {}), varying=varying)
            assert not (fault := fault_of(case.said, outcome)), f"{case.name}: {fault}"
            asked += 1
    library.close()
    assert asked >= 30


def giving_up(program: Path, native: Native) -> None:
    """Gives calls up by deadline and by hand while a worker is held, and calls again when it is free."""
    control = native.server.control
    with control.held():
        command = [str(program), str(native.path), "giving_up"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "given up\n"
    process.communicate("\n", timeout=60)
    assert process.returncode == 0


def test_calls_are_given_up(built: Path, native: Native) -> None:
    giving_up(built / "tests" / "test_c", native)


def test_a_server_that_is_gone_is_an_error(built: Path, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    with running(tmp_path, "--session-socket", str(path)) as server:
        command = [str(built / "tests" / "test_c"), str(path), "until_it_is_gone"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "calling\n"
        server.process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert process.returncode == 0
        server.process.wait()


@pytest.mark.long
def test_results_beyond_the_memory_come_in_windows(built: Path, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    with running(tmp_path, "--session-socket", str(path), "--session-bytes", "32MiB"):
        run([built / "tests" / "test_c", path, "large"])


def test_a_number_that_is_forgotten_is_no_matter(built: Path, tmp_path: Path) -> None:
    wholes, calls = [], []

    def answer(message: pb.SessionRequest) -> bytes:
        request = pb.GridGradientRequest.FromString(message.request)
        calls.append(request.bound)
        if request.bound and len(calls) % 3 == 0:
            detail = pb.ErrorDetail(reason=pb.ERROR_REASON_REQUEST, closer_reason=pb.ERROR_REASON_FORGOTTEN_NUMBER)
            status = pb.Status(code=3, detail=detail)
            return pb.SessionResponse(id=message.id, status=status).SerializeToString()
        if not request.bound:
            wholes.append(request)
            assert request.bind
            assert list(request.fixed) == ["t"]
            given = {each.name: each.array.data for each in request.inputs}
            return answer_of(message, given["k"] + given["a"], bound=7 + len(wholes))
        assert request.bound == 7 + len(wholes)
        return answer_of(message, request.numbers, bound=0)

    with fake_server(tmp_path / "fake", answer):
        run([built / "tests" / "test_c", tmp_path / "fake", "forgotten"])
    assert len(calls) > 20
    assert len(wholes) > 3


EXAMPLES = [("c", "cc", "c"), ("cpp", "c++", "cpp"), ("fortran", "gfortran", "f90")]


@pytest.mark.parametrize(("language", "compiler", "suffix"), EXAMPLES)
def test_the_examples_of_the_readme_run(
    tmp_path: Path, native: Native, built: Path, language: str, compiler: str, suffix: str
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no {compiler} here")
    text = (NATIVE / "README.md").read_text()
    [example] = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    run(["cmake", "--install", built, "--prefix", tmp_path / "there"])
    source = tmp_path / f"example.{suffix}"
    source.write_text(example.replace("/run/gridgrad/sessions", str(native.path)))
    [package] = (tmp_path / "there").rglob("pkgconfig")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(package)}
    flags = run(["pkg-config", "--cflags", "--libs", "gridgrad"], **environment).split()
    flags = ["-lgridgrad_fortran", *flags] if language == "fortran" else flags
    run([compiler, source, "-o", tmp_path / "example", *flags])
    said = run([tmp_path / "example"], **{**os.environ, "LD_LIBRARY_PATH": str(package.parent)})
    assert [float(number) for number in said.split()] == [27.0, 39.0], said


@pytest.mark.long
def test_calls_in_fortran(tmp_path: Path, native: Native) -> None:
    run([build(tmp_path, fortran=True) / "tests" / "test_fortran", native.path])


@pytest.mark.long
@pytest.mark.parametrize("command", [*CALLS, "forgotten"])
def test_sanitizers_find_nothing(sanitized: Path, native: Native, command: str) -> None:
    run([sanitized / "tests" / "test_c", native.path, command], **SANITIZED)


@pytest.mark.long
def test_sanitizers_find_nothing_where_calls_end_early(sanitized: Path, native: Native) -> None:
    run([sanitized / "tests" / "test_cpp", native.path], **SANITIZED)
    giving_up(sanitized / "tests" / "test_c", native)


@pytest.mark.long
def test_valgrind_finds_nothing(tmp_path: Path, native: Native) -> None:
    if shutil.which("valgrind") is None:
        pytest.skip("there is no valgrind here")
    program = build(tmp_path, "-DCMAKE_BUILD_TYPE=Debug") / "tests" / "test_c"
    for command in ("calls", "many", "reductions"):
        run(["valgrind", "--error-exitcode=9", "--leak-check=full", "-q", program, native.path, command])


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_nothing_that_a_server_sends_breaks_a_caller(sanitized: Path, tmp_path: Path, seed: int) -> None:
    draw = random.Random(drawn_from(seed))  # noqa: S311 - no secret

    def damaged(raw: bytes) -> bytes:
        kind = draw.randrange(6)
        if kind == 0:
            return raw
        if kind == 1:
            return raw[: draw.randrange(len(raw) + 1)]
        if kind == 2:
            return raw + draw.randbytes(draw.randrange(9))
        spoiled = bytearray(raw)
        for _ in range(draw.randrange(1, 5)):
            if spoiled:
                spoiled[draw.randrange(min(len(spoiled), 80))] = draw.choice(
                    [0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)]
                )
        return bytes(spoiled)

    def leased(message: pb.SessionRequest) -> bytes:
        """An answer whose parts do not fit each other."""
        huge = [0, 1, 48, 144, MEMORY_BYTES, 1 << 31, (1 << 63) - 1, (1 << 64) - 1]
        header = pb.ResultHeader(
            dims=["t", "k"],
            shape=[draw.choice([0, 1, 2, 3, 1 << 40, (1 << 62) - 1]) for _ in range(draw.choice([1, 2, 2, 2, 17]))],
            derivatives=[pb.Derivative(wrt=["k"]), pb.Derivative(wrt=["t", "k"])],
            components=["f"] * draw.choice([1, 1, 1, 2]),
            dtype=draw.choice([pb.DTYPE_FLOAT32, pb.DTYPE_FLOAT64, pb.DTYPE_FLOAT64, pb.DTYPE_INT64]),
            bound=draw.choice([0, 5]),
        )
        answer = pb.SessionResponse(id=message.id + draw.choice([0, 0, 0, 1, 256]))
        answer.lease.number, answer.lease.offset, answer.lease.size = (draw.choice(huge) for _ in range(3))
        if draw.random() < 0.5:
            limit = [0, 1, 2, 3, 6, (1 << 63) - 1]
            for name in ("first_plane", "planes", "first_point", "points"):
                setattr(answer.window, name, draw.choice(limit))
            answer.last = draw.random() < 0.5
        answer.response = pb.GridGradientResponse(header=header).SerializeToString()
        return answer.SerializeToString()

    def answer(message: pb.SessionRequest) -> bytes:
        request = pb.GridGradientRequest.FromString(message.request)
        numbers = request.numbers or b"".join(each.array.data for each in request.inputs if each.name != "t")
        if draw.random() < 0.5:
            return leased(message)
        return damaged(answer_of(message, numbers or struct.pack("<3d", 1, 2, 3), bound=draw.choice([0, 5])))

    def first() -> bytes:
        return greeting() if draw.random() < 0.9 else damaged(greeting())

    def grant(message: pb.SessionRequest) -> pb.LaneGrant:
        """Slots in the lane, or beside it."""
        del message
        places = [0, 4096, 4100, 8192, MEMORY_BYTES - 8, MEMORY_BYTES, (1 << 64) - 1]
        return pb.LaneGrant(
            bound=draw.choice([5, 5, 5, 0]),
            slots=draw.choice([0, 1, 1, 16]),
            first_slot=draw.choice([0, 0, 63, 64, (1 << 32) - 1]),
            numbers_offset=draw.choice(places),
            numbers_bytes=draw.choice([24, 24, 0, 1 << 40]),
            result_offset=draw.choice(places),
            result_bytes=draw.choice([144, 144, 8, (1 << 64) - 1]),
            stride=4096,
            memory_bytes=draw.choice([0, MEMORY_BYTES, MEMORY_BYTES, 1 << 40, 8]),
        )

    with fake_server(tmp_path / "fake", answer, first, grant):
        run([sanitized / "tests" / "test_c", tmp_path / "fake", "hostile"], **SANITIZED)


@contextlib.contextmanager
def with_lanes(folder: Path, path: Path) -> Iterator[tuple[Running, gridgrad.Client]]:
    """A server that has compiled what the tests in C ask, and its client."""
    flags = ["--session-socket", str(path), "--cache", str(folder / "compiled")]
    with (
        running(folder, *flags, environment={"GRIDGRAD_COMPILE": "true"}) as server,
        gridgrad.Client(server.address, sessions=False, timeout=120) as client,
    ):
        axes = {"t": np.array([1.0, 2.0, 4.0]), "k": np.array([2.0, 3.0]), "a": 1.0}
        client.server_status()  # from which on it counts
        assert client.prepare("a*t*k + 2*t*k**2", axes, derivatives=["k", ("k", "t")]).tier == "compiled"
        yield server, client


def by_lanes(client: gridgrad.Client) -> int:
    """How many calls have gone by lanes."""
    return sum(count for (via, _), count in client.server_status().answers.items() if via == "lane")


@pytest.mark.long
def test_threads_do_not_race(tmp_path: Path) -> None:
    """With ThreadSanitizer: many threads on one connection, by its session and its lane."""
    program = build(tmp_path, "-DGRIDGRAD_SANITIZE=thread", "-DCMAKE_BUILD_TYPE=Debug") / "tests" / "test_c"
    with with_lanes(tmp_path, tmp_path / "sessions") as (_, client):
        for command in ("threads", "many"):
            run([program, tmp_path / "sessions", command], **{"TSAN_OPTIONS": "halt_on_error=1", **os.environ})
        eventually(lambda: by_lanes(client), "calls by the lane")


@pytest.mark.long
@pytest.mark.parametrize("is_sanitized", [False, True], ids=["as it is", "sanitized"])
def test_calls_go_by_a_lane_and_on_without_its_worker(
    built: Path, sanitized: Path, tmp_path: Path, is_sanitized: bool
) -> None:
    program, path = (sanitized if is_sanitized else built) / "tests" / "test_c", tmp_path / "sessions"
    with with_lanes(tmp_path, path) as (server, client):
        for command in ("calls", "threads", "allocations"):
            run([program, path, command], **SANITIZED)
        before = by_lanes(client)
        assert before > 2000
        run([program, path, "many"], **SANITIZED)  # which begins several calls before it waits for one
        eventually(lambda: by_lanes(client) - before >= 16, "calls by the lane that are under way together")
        eventually(lambda: not client.server_status().load.lanes, "the end of the lanes")
        [worker] = server.workers()
        process = subprocess.Popen([str(program), str(path), "threads"], env=SANITIZED)
        eventually(lambda: client.server_status().load.lanes, "a lane")
        os.kill(worker, signal.SIGKILL)
        assert process.wait(120) == 0
