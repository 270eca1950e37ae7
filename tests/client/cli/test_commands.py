"""The sub-commands: what each sends, prints and writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.cli.conftest import Run
from tests.client.fake import FakeServer
from tests.client.statuses import BUSY, EMPTY, looks

BILINEAR = ["eval", "t*k", "--axis", "t=1,2,4", "--axis", "k=2,3"]


def test_a_check_says_what_it_found_by_its_status(run: Run) -> None:
    status, shown, _ = run("check", "--registered", "f", "--axis", "t=1,2", "--points", "1")
    assert status == 1
    assert "∂f/∂t  1 of 1 DIFFER" in shown
    assert run("check", "--registered", "f", "--axis", "t=1,2", "--tolerance", "1e6")[0] == 0


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


def test_another_notation_and_what_was_made_of_it(run: Run, server: FakeServer) -> None:
    status, _, said = run("eval", "--from", "lepton", "a*abs(x); a=2", "--axis", "x=1,2")
    assert status == 0
    assert server.requests[0].function.expression == "2*where(x >= 0, x, -x)"
    assert said.startswith("Note: line 1, column 3: where(x >= 0, x, -x)")


def test_an_archive(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.npz"
    inputs = ["--axis", "t=1,2", "--axis", "value=3", "--param", "c=1"]
    status, shown, _ = run("eval", "t", *inputs, "--derivative", "t,value", "--output", str(file))
    assert status == 0
    assert str(file) in shown
    with np.load(file) as archive:
        assert set(archive) == {"value", "d/t,value", "t", "input/value", "c", "about"}
        assert archive["d/t,value"].tolist() == [[1005], [1006]]
        assert archive["input/value"].tolist() == [3]


def test_an_archive_beside_json_leaves_the_output_to_json(run: Run, tmp_path: Path) -> None:
    _, shown, said = run(*BILINEAR, "--json", "--output", str(tmp_path / "out.npz"))
    assert json.loads(shown)["dims"] == ["t", "k"]
    assert "out.npz" in said


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


def test_a_file_that_can_not_be_written(run: Run, tmp_path: Path) -> None:
    status, _, said = run(*BILINEAR, "--output", str(tmp_path / "none" / "out.npz"))
    assert status == 2
    assert "there is no folder" in said


def test_top_looks_once(run: Run, server: FakeServer) -> None:
    looks(server, EMPTY, BUSY)
    status, shown, _ = run("top", "--once", "--every", "0.01")
    assert status == 0
    assert shown.startswith(f"server    serving, up 1 h 1 min, version 1.2, {server.address}\n")
    assert shown.count("worker  pid") == 1
    assert "\x1b" not in shown


@pytest.mark.parametrize(("entries", "said"), [(1, "has 1 call to answer"), (0, "has 0 calls to answer")])
def test_drain_says_what_is_left(run: Run, server: FakeServer, entries: int, said: str) -> None:
    server.plain[methods.DRAIN.path] = lambda _: pb.DrainResponse(entries=entries).SerializeToString()
    status, shown, _ = run("drain")
    assert status == 0
    assert said in shown


def test_every_command_explains_itself(run: Run) -> None:
    status, shown, _ = run("--help")
    assert status == 0
    commands = shown[shown.index("Commands:") : shown.index("Example:")]
    for name in ("eval", "plot", "check", "explain", "prepare", "functions", "info", "top", "drain"):
        (line,) = [line for line in commands.splitlines() if line.startswith(f"  {name} ")]
        assert not line.endswith("...")
        assert run(name, "-h")[0] == 0


@pytest.mark.parametrize("beside", [["--order", "1"], ["--derivative", "t"], ["--reduce", "sum"], ["--weights", "t"]])
def test_a_cotangent_is_by_wrt_alone(run: Run, server: FakeServer, beside: list[str]) -> None:
    status, _, said = run(*BILINEAR, "--cotangent", "t", *beside)
    assert status == 2
    assert said.startswith("gridgrad: --cotangent: --")
    assert not server.requests
