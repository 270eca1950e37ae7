"""Large functions are derived by helpers before a worker meets them, small ones are not; what is kept is bounded."""

from __future__ import annotations

from typing import Any

from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.arrays.named_arrays import NO_ARRAYS
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.requests.decoded import DecodedFunction, DecodedTable
from gridgrad_server.requests.derivations import Derivations
from gridgrad_server.requests.function_key import FunctionKey, FunctionKeys

SUM = "+".join(f"sum(n*x**{i})" for i in range(20))


class PretendingHelpers:
    """Remembers what it is asked, and answers each with so many bytes."""

    def __init__(self, answer_bytes: int = 10) -> None:
        self.asked: list[tuple[wpb.HelperJob, str, str]] = []
        self._answer = b"d" * answer_bytes

    async def ask(self, job: wpb.HelperJob, what: str, caller: str) -> wpb.HelperAnswer:
        self.asked.append((job, what, caller))
        if job.WhichOneof("kind") == "explain":
            return wpb.HelperAnswer(explanation=wpb.Explanation(derived="as follows"))
        return wpb.HelperAnswer(derived=self._answer)


async def made(terms: int, *derivatives: tuple[str, ...]) -> FunctionKey:
    text = "+".join(f"sin(x*{i})" for i in range(2, 2 + terms))
    inputs = (("x", ("x",)),)
    return await FunctionKeys(Programs(), "1").get(DecodedFunction("expression", text, inputs, "float64", derivatives))


def wired(answer_bytes: int = 10, most_bytes: int = 1000) -> tuple[Derivations, PretendingHelpers]:
    helpers: Any = PretendingHelpers(answer_bytes)
    return Derivations(helpers, most_bytes), helpers


async def test_a_large_function_is_derived_once_and_its_worker_gets_that() -> None:
    derivations, helpers = wired()
    function = await made(300, ("x",))
    assert not derivations.is_complete(function)
    for _ in range(2):
        await derivations.complete(function, "someone")
    ((job, what, caller),) = helpers.asked
    assert (job.derive, caller) == (function.plan, "someone")
    assert what == "an expression of 1,200 operations with 1 derivative"
    assert derivations.is_complete(function)
    assert function.message.derived == b"d" * 10
    assert function.message.expression == function.plan.expression


async def test_what_differs_in_the_numbers_of_tables_alone_is_derived_once() -> None:
    derivations, helpers = wired()
    keys = FunctionKeys(Programs(), "1")
    for numbers in (bytes(800), b"1" * 800, b"2" * 800):
        table = pb.Table(values=pb.Array(dtype=pb.DTYPE_FLOAT64, shape=[100], data=numbers), method="array")
        array = DecodedTable(TableSpec("n", 0, 0, ""), table, NO_ARRAYS)
        asked = DecodedFunction("expression", SUM, (("x", ("x",)),), "float64", (("x",),), tables=(array,))
        function = await keys.get(asked)
        await derivations.complete(function, "someone")
        assert function.message.derived == b"d" * 10
        assert numbers in function.message.tables[0].table
    assert len(helpers.asked) == 1


async def test_a_small_function_needs_no_help() -> None:
    derivations, helpers = wired()
    small = await made(2, ("x",))
    assert derivations.is_complete(small)
    await derivations.complete(small, "someone")
    assert await derivations.explanation(small, "someone") is None
    assert not helpers.asked
    assert not small.message.derived


async def test_derivatives_count_and_those_on_the_way_to_them() -> None:
    derivations, _ = wired()
    assert derivations.is_complete(await made(100, ("x",)))
    assert not derivations.is_complete(await made(100, ("x", "x", "x", "x")))


async def test_a_large_function_is_explained_by_a_helper() -> None:
    derivations, helpers = wired()
    function = await made(300)
    explanation = await derivations.explanation(function, "someone")
    assert explanation is not None
    assert explanation.derived == "as follows"
    assert [job.explain for job, *_ in helpers.asked] == [function.plan]


async def test_what_was_used_longest_ago_is_derived_again() -> None:
    derivations, helpers = wired(answer_bytes=400)
    functions = [await made(300, ("x",)) for _ in range(3)]
    for number, function in enumerate(functions):
        function.number = number
        await derivations.complete(function, "someone")
    assert [derivations.is_complete(each) for each in functions] == [False, True, True]
    await derivations.complete(functions[0], "someone")
    assert len(helpers.asked) == 4


async def test_many_functions_of_one_caller_throw_out_none_of_another() -> None:
    derivations, helpers = wired(answer_bytes=400)
    first = await made(300, ("x",))
    await derivations.complete(first, "neighbour")
    for _ in range(5):
        await derivations.complete(await made(300, ("x",)), "flood")
    assert derivations.is_complete(first)
    assert len(helpers.asked) == 6


async def test_without_helpers_workers_do_all() -> None:
    derivations, function = Derivations(), await made(300)
    await derivations.complete(function, "someone")
    assert derivations.is_complete(function)
    assert await derivations.explanation(function, "someone") is None
    assert not function.derived


class PretendingLibrary:
    """Counts who has waited for it."""

    def __init__(self) -> None:
        self.waited = 0
        self.is_settled = False

    async def settle(self) -> None:
        self.waited += 1
        self.is_settled = True


async def test_the_library_of_special_functions_is_compiled_before_a_worker_needs_it() -> None:
    library: Any = PretendingLibrary()
    derivations, keys = Derivations(library=library), FunctionKeys(Programs(), "1")
    inputs = (("x", ("x",)),)
    plain = await keys.get(DecodedFunction("expression", "sin(x)", inputs, "float64", (("x",),)))
    special = await keys.get(DecodedFunction("expression", "solve(jv(0.5, y) - x, y, 1)", inputs, "float64", ()))
    await derivations.complete(plain, "someone")
    assert (library.waited, derivations.is_complete(plain), derivations.is_complete(special)) == (0, True, False)
    await derivations.complete(special, "someone")
    assert (library.waited, derivations.is_complete(special)) == (1, True)
