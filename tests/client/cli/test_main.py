"""The command line: how it ends, and what the shell is told."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import gridgrad
from gridgrad.cli.main import main
from gridgrad_core import errors
from tests.client.cli.conftest import Run
from tests.client.fake import FakeServer, refuse

BILINEAR = ["eval", "t*k", "--axis", "t=1,2,4", "--axis", "k=2,3"]


@pytest.mark.parametrize("package", ["click", "rich"])
def test_without_the_extra_it_is_named(
    package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if package == "rich":
        pytest.importorskip("click")
    monkeypatch.setitem(sys.modules, package, None)
    assert main(BILINEAR) == 1
    assert capsys.readouterr() == ("", f"gridgrad: {package}: is not installed; pip install 'gridgrad[cli]'\n")


def test_without_a_command_there_is_help(run: Run) -> None:
    status, shown, said = run()
    assert (status, shown) == (2, "")
    assert "Commands:" in said


def test_the_status_says_whose_fault_it_is(run: Run, server: FakeServer) -> None:
    server.unary = lambda _, context: refuse(context, errors.ExpressionError("function.expression", "'^'", "write **"))
    assert run(*BILINEAR) == (2, "", "gridgrad: function.expression: '^'; write **\n")
    server.unary = lambda _, context: refuse(context, errors.CrashError("", "it died", ""))
    assert run(*BILINEAR) == (1, "", "gridgrad: it died\n")
    status, _, said = run(*BILINEAR, "--server", "127.0.0.1:1", "--timeout", "1")
    assert status == 1
    assert "127.0.0.1:1" in said


def test_an_interrupt_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(gridgrad.Client, "gradient", interrupted)
    assert run(*BILINEAR) == (130, "", "")


def test_the_version(run: Run) -> None:
    assert run("--version") == (0, f"gridgrad {gridgrad.__version__}\n", "")


def test_a_reader_that_has_had_enough(server: FakeServer) -> None:
    pytest.importorskip("click")
    pytest.importorskip("rich")
    command = [sys.executable, "-m", "gridgrad.cli", *BILINEAR, "--server", server.address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


SPARED = {
    "asyncio",
    "hashlib",
    "pathlib",
    "rich.console",
    "secrets",
    "gridgrad.aio",
    "gridgrad.tracing",
    "gridgrad.checks.check",
}
"""What a call by the command can do without, and what takes long to load."""
MOST_MODULES = 100
"""Of ours; each takes some 0.3 ms of a processor."""


def test_what_a_call_loads_is_kept_small(server: FakeServer) -> None:
    """Cheap to start: `python -m benchmarks.footprint` has the time."""
    pytest.importorskip("click")
    pytest.importorskip("rich")
    code = (
        "import sys, numpy, grpc; before = set(sys.modules)\n"
        f"from gridgrad.cli.main import main; main({[*BILINEAR, '--server', server.address]})\n"
        "print(*{*sys.modules} - before, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stderr.split())
    assert "gridgrad.sync.client" in loaded
    assert not SPARED & loaded
    assert sum(name.startswith("gridgrad") for name in loaded) <= MOST_MODULES


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("gridgrad ex", ["plain,explain"]),
        ("gridgrad eval x --tier d", ["plain,direct"]),
        ("gridgrad top --on", ["plain,--once"]),
        ("gridgrad eval x --tls-ca ", ["file,"]),
    ],
)
def test_shells_complete_what_is_typed(typed: str, offered: list[str]) -> None:
    pytest.importorskip("click")
    asked = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" ")), "_GRIDGRAD_COMPLETE": "bash_complete"}
    ran = subprocess.run(
        [sys.executable, "-m", "gridgrad.cli"], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == offered
