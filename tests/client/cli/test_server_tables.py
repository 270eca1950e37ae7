"""A server and its functions as the command prints them."""

from __future__ import annotations

import re

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.cli.conftest import Run
from tests.client.fake import FakeServer


def test_functions(run: Run, server: FakeServer) -> None:
    assert "--functions" in run("functions")[1]
    inputs = [pb.FunctionInput(name="x"), pb.FunctionInput(name="T", default=300, unit="K")]
    tables = [pb.FunctionTable(name="V", shape=[5, 7], method="cubic", digest="fedcba9876543210")]
    listed = [
        pb.RegisteredFunction(
            name="f", doc="One.\nTwo.", inputs=inputs, components=["f"], mode="forward", checked=True
        ),
        pb.RegisteredFunction(
            name="g", components=["u", "v"], tuple_valued=True, mode="reverse", component_units=["m/s", ""]
        ),
        pb.RegisteredFunction(name="h", components=["f"], component_units=["J"], mode="forward", checked=True),
        pb.RegisteredFunction(
            name="i.j", components=["f"], mode="expression", digest="0123456789abcdef", inputs=inputs[:1], tables=tables
        ),
        pb.RegisteredFunction(
            name="k", components=["f"], mode="forward", digest="0123456789abcdef", expression="x*x", expression_order=4
        ),
        pb.RegisteredFunction(name="l", components=["f"], mode="forward", why_functional="it draws random numbers"),
    ]
    server.plain[methods.LIST_FUNCTIONS.path] = lambda _: pb.ListFunctionsResponse(functions=listed).SerializeToString()
    assert run("functions")[1] == (
        "f(x, T=300 [K])   [forward mode, derivatives checked]\n  One.\n  Two.\n\n"
        "g() -> u [m/s], v   [reverse mode, derivatives NOT checked]\n\n"
        "h() -> f [J]   [forward mode, derivatives checked]\n\n"
        "i.j(x, V=cubic of 5x7 [fedcba987654])   [expression 0123456789ab]\n\n"
        "k()   [expression 0123456789ab to order 4, derivatives NOT checked]\n\n"
        "l()   [forward mode, derivatives NOT checked]\n  No expression: it draws random numbers.\n"
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


def test_what_has_no_limit_says_so(run: Run, server: FakeServer) -> None:
    described = pb.GetServerInfoResponse(version="1.2", limits=pb.Limits(request_cost=0, message_bytes=2**20))
    server.plain[methods.SERVER_INFO.path] = lambda _: described.SerializeToString()
    lines = [re.split("  +", line) for line in run("info")[1].splitlines()]
    assert ["most request cost", "none"] in lines
    assert ["most message bytes", "1,048,576"] in lines
