"""What a server says about itself, read into plain Python."""

from __future__ import annotations

from gridgrad.results.server_info import (
    FunctionInput,
    FunctionTable,
    LanguageFunction,
    Limits,
    RegisteredFunction,
    read_functions,
    read_server_info,
)
from gridgrad_core.v1 import gridgrad_pb2 as pb


def test_functions_keep_defaults_of_zero_apart_from_none() -> None:
    inputs = [pb.FunctionInput(name="x"), pb.FunctionInput(name="T", default=0.0, unit="K")]
    listed = pb.RegisteredFunction(
        name="f", doc="One.", inputs=inputs, components=["u", "v"], tuple_valued=True, mode="forward", checked=True
    )
    (found,) = read_functions(pb.ListFunctionsResponse(functions=[listed]).SerializeToString())
    assert found == RegisteredFunction(
        "f", "One.", (FunctionInput("x", None, ""), FunctionInput("T", 0.0, "K")), ("u", "v"), True, "forward", True
    )
    assert found.units == {"T": "K"}
    listed.component_units[:] = ["", "Pa"]
    (found,) = read_functions(pb.ListFunctionsResponse(functions=[listed]).SerializeToString())
    assert found.units == {"T": "K", "v": "Pa"}
    listed.components[:] = ["T", "v"]  # of a name that both have it would not be clear whose it is
    (found,) = read_functions(pb.ListFunctionsResponse(functions=[listed]).SerializeToString())
    assert found.units == {"v": "Pa"}


def test_tables_of_a_formula_are_listed() -> None:
    table = pb.FunctionTable(name="V", arguments=2, shape=[5, 7], method="cubic", outside="nan", digest="0f")
    listed = pb.ListFunctionsResponse(functions=[pb.RegisteredFunction(name="f", tables=[table])])
    (found,) = read_functions(listed.SerializeToString())
    assert found.tables == (FunctionTable("V", 2, (5, 7), "cubic", "nan", "0f"),)


def test_a_server_is_described() -> None:
    limits = pb.Limits(**{field: number for number, field in enumerate(Limits._fields, 1)})
    described = pb.GetServerInfoResponse(
        version="1.2",
        devices=["cpu", "cuda:0"],
        limits=limits,
        language_functions=[pb.LanguageFunction(name="log", signature="log(x)", formula="ln x", aliases=["ln"])],
        engine="functional",
    )
    info = read_server_info(described.SerializeToString())
    assert (info.version, info.devices, info.engine) == ("1.2", ("cpu", "cuda:0"), "functional")
    assert info.limits == tuple(range(1, len(Limits._fields) + 1))
    assert info.language_functions == (LanguageFunction("log", "log(x)", "ln x", ("ln",)),)


def test_every_limit_of_the_schema_is_read() -> None:
    assert set(Limits._fields) == {field.name for field in pb.Limits.DESCRIPTOR.fields}
