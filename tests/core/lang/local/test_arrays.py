from __future__ import annotations

from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.local.arrays import PLACE, arrays_read
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.made_operation import sums_over_arrays
from gridgrad_core.lang.program.names import is_name

ARRAYS = tuple(TableSpec(name, 0, 0, "") for name in "abc")


def test_no_text_can_have_the_name_of_the_place() -> None:
    assert not is_name(PLACE)


def test_each_sum_reads_its_own_arrays() -> None:
    program = parse("sum(c*x*sum(b*a)) + solve(y - sum(b*y*x), y, 1) + len(c)", (), ARRAYS)
    assert sorted(sums_over_arrays(program.nodes)) == [(0, 1), (1,), (2,), (2,)]
    assert arrays_read(program.nodes) == ()
