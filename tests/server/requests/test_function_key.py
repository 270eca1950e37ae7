"""Which requests share a key, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from gridgrad_core.errors import ExpressionError, RequestError, UnknownFunctionError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.arrays.named_arrays import NO_ARRAYS
from gridgrad_server.config.quota_limits import limits_of
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.requests import function_key
from gridgrad_server.requests.decoded import DecodedFunction, DecodedTable
from gridgrad_server.requests.function_key import FunctionKeys
from gridgrad_server.requests.result_info import ComputedBy

T, K, X = ("t", ("t",)), ("k", ("k",)), ("x", ("x",))


def spelled(text: str = "t*k", *inputs: tuple[str, tuple[str, ...]], **fields: Any) -> DecodedFunction:
    made = DecodedFunction("expression", text, inputs or (T, K), "float64", ())
    return made._replace(**fields)


@pytest.fixture
def functions() -> FunctionKeys:
    return FunctionKeys(Programs(), "1.2")


async def test_derivatives_commute_and_duplicates_collapse(functions: FunctionKeys) -> None:
    key = await functions.get(spelled(derivatives=(("k",), ("k", "t"), ("t", "k"), ("k",))))
    assert key.key.derivatives == (("k",), ("t", "k"))
    assert key.planes == 3
    assert [list(each.wrt) for each in key.message.derivatives] == [[], [1], [0, 1]]


async def test_spellings_of_the_same_share_a_key(functions: FunctionKeys) -> None:
    first = await functions.get(spelled())
    assert await functions.get(spelled(" t * k ")) is first
    assert await functions.get(spelled("t*k", K, T)) is not first
    assert await functions.get(spelled("t*k", T, ("k", ("t",)))) is not first
    assert await functions.get(spelled(dtype="float32")) is not first
    assert await functions.get(spelled(derivatives=(("t",),))) is not first


async def test_keys_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_key, "_MOST_KEYS", 3)
    functions = FunctionKeys(Programs(), "1")
    first = await functions.get(spelled("t*k + 0"))
    for i in range(1, 6):
        await functions.get(spelled(f"t*k + {i}"))
        assert await functions.get(spelled("t*k + 0")) is first  # what is used is kept
    last = await functions.get(spelled("t*k + 1"))
    assert last.number == 7  # it was forgotten, and is made anew


async def test_one_caller_s_many_keys_are_not_kept_at_the_cost_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_key, "_MOST_KEYS", 8)
    functions = FunctionKeys(Programs(), "1")
    first = await functions.get(spelled("t*k"), "neighbour")
    for i in range(40):
        await functions.get(spelled(f"t*k + {i}"), "flood")
    assert await functions.get(spelled("t*k"), "neighbour") is first
    assert await functions.get(spelled(" t * k "), "neighbour") is first


async def test_a_worker_is_told_for_whom_code_is_compiled_and_how_much_of_it_is_kept() -> None:
    quotas = Quotas(limits_of(["cache-bytes=1KiB"]))
    quotas.replace({"bob": ["cache-bytes=2KiB"]})
    for caller, said in [("@alice 1", ("@alice", 1024)), ("@bob 2", ("@bob", 2048)), ("ipv4:10.0.0.1 3", None)]:
        key = await FunctionKeys(Programs(), "1", quotas).get(spelled())
        key.caller = caller
        assert (key.message.owner, key.message.owner_cache_bytes) == (said or ("ipv4:10.0.0.1", 1024))
        free = await FunctionKeys(Programs(), "1", Quotas(is_on=False)).get(spelled())
        free.caller = caller
        assert (free.message.owner, free.message.owner_cache_bytes) == ((said or ("ipv4:10.0.0.1",))[0], 0)


async def test_a_registered_function_is_known_by_its_name(functions: FunctionKeys) -> None:
    inputs = [wpb.FunctionInput(name="x"), wpb.FunctionInput(name="nu", default=0.1)]
    field = wpb.RegisteredFunction(name="field", inputs=inputs, components=["u", "v"], tuple_valued=True)
    functions.registered = {"field": field}
    call = spelled("field", X, kind="registered")
    key = await functions.get(call)
    assert (key.key.components, key.key.tuple_valued, key.digest) == (("u", "v"), True, "")
    assert key.message.registered == "field"
    with_default = call._replace(inputs=(*call.inputs, ("nu", ())), derivatives=(("nu",),))
    assert (await functions.get(with_default)).planes == 4


async def test_a_registered_function_takes_no_tables(functions: FunctionKeys) -> None:
    functions.registered = {"field": wpb.RegisteredFunction(name="field", components=["u"])}
    shell = pb.Table(values=pb.Array(shape=[1], data=bytes(8)), method="array")
    call = spelled("field", kind="registered")._replace(
        tables=(DecodedTable(TableSpec("n", 0, 0, ""), shell, NO_ARRAYS),)
    )
    with pytest.raises(RequestError, match="'n', a table, for a registered function"):
        await functions.get(call)


async def test_results_have_the_units_of_what_is_in_them(functions: FunctionKeys) -> None:
    inputs = [wpb.FunctionInput(name="x", unit="m"), wpb.FunctionInput(name="nu", default=0.1, unit="m²/s")]
    functions.registered = {
        "field": wpb.RegisteredFunction(inputs=inputs, components=["u"], component_units=["m/s"], name="field")
    }
    header = pb.ResultHeader.FromString((await functions.get(spelled("field", X, kind="registered"))).header([2]))
    assert [(each.name, each.unit) for each in header.units] == [("x", "m"), ("u", "m/s")]
    assert not pb.ResultHeader.FromString((await functions.get(spelled("t*k"))).header([2, 2])).units


async def test_what_is_ignored_is_refused_without_it(functions: FunctionKeys) -> None:
    functions.registered = {
        "field": wpb.RegisteredFunction(name="field", inputs=[wpb.FunctionInput(name="x")], components=["u"])
    }
    call = spelled("field", X, ("spare", ()), kind="registered")
    assert (await functions.get(call._replace(ignore_unused=True))).key.inputs == (X, ("spare", ()))
    with pytest.raises(RequestError, match="'spare', which the function does not use"):
        await functions.get(call)


async def test_an_unknown_name_gets_the_nearest(functions: FunctionKeys) -> None:
    functions.registered = {"field": wpb.RegisteredFunction(name="field")}
    with pytest.raises(UnknownFunctionError, match="use one of field"):
        await functions.get(spelled("feild", kind="registered"))


async def test_what_is_no_expression_has_no_key(functions: FunctionKeys) -> None:
    with pytest.raises(ExpressionError):
        await functions.get(spelled("t*"))


async def test_header_and_info_are_those_of_the_schema(functions: FunctionKeys) -> None:
    key = await functions.get(spelled(derivatives=(("t",),)))
    header = pb.ResultHeader.FromString(key.header((3, 2)))
    assert (list(header.dims), list(header.shape), list(header.components)) == (["t", "k"], [3, 2], ["f"])
    assert header.dtype == pb.DTYPE_FLOAT64
    info = pb.Info.FromString(key.info(ComputedBy(2, "structured", "direct", "cuda:0")))
    assert (info.batch_size, info.engine, info.tier, info.device) == (2, "structured", "direct", "cuda:0")
    assert (info.version, info.digest) == ("1.2", key.key.identity)
