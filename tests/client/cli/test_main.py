"""The command line: what it sends, prints and writes, and how it ends."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.cli import main as cli
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import buffer as wire
from gridgrad_core.wire import methods
from tests.client.fake import FakeServer, header_of, refuse

BILINEAR = ["eval", "t*k", "--axis", "t=1,2,4", "--axis", "k=2,3"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(server: FakeServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command against the fake server; gives its status, output and complaints."""
    monkeypatch.setenv("GRIDGRAD_SERVER", server.address)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        try:
            status = cli.main(arguments)
        except SystemExit as ended:  # argparse
            status = int(ended.code or 0)
        return status, *capsys.readouterr()

    return run_command


def test_two_dims_are_a_table_for_each_grid(run: Run) -> None:
    status, shown, _ = run(*BILINEAR, "--order", "0")
    assert status == 0
    assert shown == "f    k=2  k=3\nt=1    3    4\nt=2    4    5\nt=4    6    7\n"
    assert [line.split()[0] for line in run(*BILINEAR)[1].split("\n") if "k=2" in line] == ["f", "df/dt", "df/dk"]


def test_a_check_says_what_it_found_by_its_status(run: Run) -> None:
    status, shown, _ = run("check", "--registered", "f", "--axis", "t=1,2", "--points", "1")
    assert status == 1
    assert "∂f/∂t  1 of 1 DIFFER" in shown
    assert run("check", "--registered", "f", "--axis", "t=1,2", "--tolerance", "1e6")[0] == 0


def test_one_dim_is_a_line_for_each_point(run: Run) -> None:
    shown = run("eval", "x", "--axis", "x=0:1:3", "--order", "2")[1]
    assert shown.splitlines() == [
        "x      f   df/dx  d2f/dx2",
        "0      0    1000     2000",
        "0.5  0.5  1000.5   2000.5",
        "1      1    1001     2001",
    ]


def test_tuples_and_mixed_partials_are_labelled(run: Run) -> None:
    shown = run("eval", "t, k", "--axis", "t=1", "--axis", "k=2", "--derivative", "t,k", "--derivative", "k,k,t")[1]
    heads = [line.split("  ")[0] for line in shown.split("\n") if "k=2" in line]
    assert heads == ["u", "d2u/(dt dk)", "d3u/(dt dk2)", "v", "d2v/(dt dk)", "d3v/(dt dk2)"]


def test_a_single_point_and_three_dims(run: Run) -> None:
    assert run("eval", "a", "--param", "a=2.5", "--wrt", "a")[1] == "f     df/da\n2.5  1002.5\n"
    three = run("eval", "a", "--axis", "a=1,2", "--axis", "b=3", "--axis", "c=4,5", "--order", "0")[1]
    assert three.split("\n")[1:3] == ["1  3  4   8", "1  3  5   9"]


def test_long_tables_are_cut(run: Run) -> None:
    lines = run("eval", "x", "--axis", "x=0:99:100", "--order", "0")[1].strip().split("\n")
    assert len(lines) == 22
    assert lines[11].split() == ["...", "..."]
    assert lines[-1].split() == ["99", "99"]
    wide = run("eval", "x", "--axis", "t=1", "--axis", "x=0:99:100", "--order", "0")[1].split("\n")
    assert wide[0].split()[5] == "..."
    assert wide[0].split()[-1] == "x=99"


def test_what_is_sent(run: Run, server: FakeServer) -> None:
    arguments = ["--axis", "x=0:1:101", "--param", "nu=-0.1", "--wrt", "x,nu", "--order", "2", "--dtype", "float32"]
    assert run("eval", "--registered", "burgers", *arguments)[0] == 0
    (sent,) = server.requests
    assert sent.function.registered == "burgers"
    assert sent.inputs[0].linspace == pb.Linspace(start=0, stop=1, num=101)
    assert sent.inputs[1].array.data == np.float32(-0.1).tobytes()
    assert len(sent.derivatives) == 5
    assert sent.dtype == pb.DTYPE_FLOAT32


def test_a_server_by_flag_and_an_expression_with_a_minus(run: Run, server: FakeServer) -> None:
    assert run("eval", "--server", server.address, "--axis", "x=-1,2", "--", "-x**2")[0] == 0
    assert server.requests[0].function.expression == "-x**2"


def test_json(run: Run) -> None:
    shown = json.loads(run(*BILINEAR, "--json")[1])
    assert shown["value"] == [[3, 4], [4, 5], [6, 7]]
    assert list(shown["derivatives"]) == ["t", "k"]
    assert shown["derivatives"]["k"] == [[2003, 2004], [2004, 2005], [2006, 2007]]
    assert shown["inputs"] == {"t": [1, 2, 4], "k": [2, 3]}
    assert (shown["dims"], shown["dtype"], shown["components"]) == (["t", "k"], "float64", None)
    assert shown["nulls"] == {"nan": 0, "inf": 0}
    assert shown["info"]["device"] == "cpu"


def test_json_counts_what_becomes_null(run: Run, server: FakeServer) -> None:
    def special(request: pb.GridGradientRequest, _: Any) -> bytes:
        data = np.array([[1, np.nan, -np.inf], [np.nan, np.inf, np.nan]]).tobytes()
        return wire.prefix(pb.GridGradientResponse(header=header_of(request)).SerializeToString(), len(data)) + data

    server.unary = special
    shown = json.loads(run("eval", "x", "--axis", "x=1,2,inf", "--json")[1], parse_constant=pytest.fail)
    assert shown["value"] == [1, None, None]
    assert shown["derivatives"]["x"] == [None] * 3
    assert shown["inputs"]["x"] == [1, 2, None]
    assert shown["nulls"] == {"nan": 3, "inf": 3}


def test_an_archive(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.data"
    inputs = ["--axis", "t=1,2", "--axis", "value=3", "--param", "c=1"]
    status, shown, _ = run("eval", "t", *inputs, "--derivative", "t,value", "--output", str(file))
    assert status == 0
    assert str(file) in shown
    with np.load(file) as archive:
        assert set(archive) == {"value", "d/t,value", "t", "input/value", "c", "about"}
        assert archive["d/t,value"].tolist() == [[1005], [1006]]
        assert archive["input/value"].tolist() == [3]


def test_a_picture(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / "out.png"
    status, shown, said = run("plot", *BILINEAR[1:], "--axis", "z=0:1:4", "--at", "z=1", "--output", str(file))
    assert (status, shown, said) == (0, "", "")
    assert file.read_bytes().startswith(b"\x89PNG")
    status, _, said = run("plot", *BILINEAR[1:], "--output", str(tmp_path / "out.what"))
    assert status == 2
    assert "name it .png, .svg or .pdf" in said
    assert not (tmp_path / "out.what").exists()


def test_an_archive_beside_json_leaves_the_output_to_json(run: Run, tmp_path: Path) -> None:
    _, shown, said = run(*BILINEAR, "--json", "--output", str(tmp_path / "out.npz"))
    assert json.loads(shown)["dims"] == ["t", "k"]
    assert "out.npz" in said


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["eval", "t", "--axis", "t"], "t=1,2,4"),
        (["eval", "t", "--axis", "=1"], "t=1,2,4"),
        (["eval", "t", "--axis", "t=1,two"], "'two' is no number"),
        (["eval", "t", "--axis", "t=0:1"], "t=0:1:101"),
        (["eval", "t", "--axis", "t=0:1:1.5"], "t=0:1:101"),
        (["eval", "t", "--axis", "t=0:inf:3"], "finite"),
        (["eval", "t", "--param", "t=1,2"], "no number"),
        (["eval", "t", "--derivative", "t,,k"], "t,k"),
        (["eval", "t", "--axis", "t=1", "--param", "t=2"], "'t' a second time"),
        (["eval", "t", "--axis", "t=1", "--order", "1", "--derivative", "t"], "both at once"),
        (["eval", "t", "--axis", "t=1", "--order", "9"], "0, the value alone, to 4"),
        (["eval", "t", "--axis", "t=1", "--wrt", "z"], "use one of t"),
        (["eval", "t", "--axis", "t=1", "--dtype", "int8"], "float32"),
        (["eval", "t", "--axis", "t=1", "--timeout", "0"], "timeout"),
        (["eval", "t", "--axis", "t=1", "--server", "nowhere"], "host:port"),
        (["eval", "--axis", "t=1"], "neither"),
        (["eval", "t", "--registered", "f"], "both"),
        (["plot", "t", "--axis", "t=1,2"], "--output"),
        (["plot", "t", "--axis", "t=1,2", "--at", "t", "--output", "x.png"], "--at"),
        ([], "COMMAND"),
        (["evaluate"], "eval"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_explained_in_a_line(run: Run, arguments: list[str], complaint: str) -> None:
    status, shown, said = run(*arguments)
    assert status == 2
    assert not shown
    assert complaint in said.strip().split("\n")[-1]


def test_the_status_says_whose_fault_it_is(run: Run, server: FakeServer) -> None:
    server.unary = lambda _, context: refuse(context, errors.ExpressionError("function.expression", "'^'", "write **"))
    assert run(*BILINEAR) == (2, "", "gridgrad: function.expression: '^'; write **\n")
    server.unary = lambda _, context: refuse(context, errors.CrashError("", "it died", ""))
    assert run(*BILINEAR) == (1, "", "gridgrad: it died\n")
    status, _, said = run(*BILINEAR, "--server", "127.0.0.1:1", "--timeout", "1")
    assert status == 1
    assert "127.0.0.1:1" in said


def test_a_file_that_can_not_be_written(run: Run, tmp_path: Path) -> None:
    status, _, said = run(*BILINEAR, "--output", str(tmp_path / "none" / "out.npz"))
    assert status == 1
    assert "No such file" in said


def test_an_interrupt_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(gridgrad.Client, "gradient", interrupted)
    assert run(*BILINEAR) == (130, "", "")


def test_explain_and_prepare(run: Run, server: FakeServer) -> None:
    server.plain[methods.EXPLAIN.path] = lambda _: pb.ExplainResponse(program="t*k", reason="why").SerializeToString()
    server.plain[methods.PREPARE.path] = lambda _: pb.PrepareResponse(tier="compiled").SerializeToString()
    asked = ["t*k", "--axis", "t=1,2", "--axis", "k", "--param", "c=3", "--order", "2"]
    status, shown, _ = run("explain", *asked)
    assert status == 0
    assert "t*k" in shown
    assert "why" in shown
    status, shown, _ = run("prepare", *asked)
    assert status == 0
    assert shown.startswith("compiled")
    plan = pb.PrepareRequest.FromString(server.asked[-1]).plan
    assert [(each.name, list(each.dims)) for each in plan.inputs] == [("t", ["t"]), ("k", ["k"]), ("c", [])]
    assert len(plan.derivatives) == 5


def test_the_tier_is_sent(run: Run, server: FakeServer) -> None:
    run("eval", "t*k", "--axis", "t=1,2", "--axis", "k=1", "--tier", "direct")
    assert server.requests[-1].tier == pb.TIER_DIRECT


def test_functions(run: Run, server: FakeServer) -> None:
    assert "--functions" in run("functions")[1]
    inputs = [pb.FunctionInput(name="x"), pb.FunctionInput(name="T", default=300, unit="K")]
    listed = [
        pb.RegisteredFunction(
            name="f", doc="One.\nTwo.", inputs=inputs, components=["f"], mode="forward", checked=True
        ),
        pb.RegisteredFunction(name="g", components=["u", "v"], tuple_valued=True, mode="reverse"),
    ]
    server.plain[methods.LIST_FUNCTIONS.path] = lambda _: pb.ListFunctionsResponse(functions=listed).SerializeToString()
    assert run("functions")[1] == (
        "f(x, T=300 [K])   [forward mode, derivatives checked]\n  One.\n  Two.\n\n"
        "g() -> u, v   [reverse mode, derivatives NOT checked]\n"
    )


def test_info(run: Run, server: FakeServer) -> None:
    described = pb.GetServerInfoResponse(
        version="1.2",
        devices=["cpu", "cuda:0"],
        limits=pb.Limits(request_cost=10**9),
        language_functions=[pb.LanguageFunction(name="log")],
        engine="functional",
    )
    server.plain[methods.SERVER_INFO.path] = lambda _: described.SerializeToString()
    shown = run("info")[1]
    for part in (server.address, "version 1.2", "cpu, cuda:0", "1,000,000,000", "log", "functional"):
        assert part in shown


def test_the_version(run: Run) -> None:
    assert run("--version") == (0, f"gridgrad {gridgrad.__version__}\n", "")


def test_a_private_server_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else object())
    assert cli.main(BILINEAR) == 1
    assert "torch is not installed for one here; pip install 'gridgrad[server,worker]'" in capsys.readouterr().err


def test_a_private_server_that_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "gridgrad_server.py").write_text("raise SystemExit('gridgrad-server: no luck today')")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert cli.main(BILINEAR) == 1
    assert "no luck today" in capsys.readouterr().err


def test_a_reader_that_has_had_enough(server: FakeServer) -> None:
    command = [sys.executable, "-m", "gridgrad.cli", *BILINEAR, "--server", server.address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
