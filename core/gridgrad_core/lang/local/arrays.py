"""Arrays in programs: a sum over arrays has one name of its own, the place of the numbers that it reads.

That name is none that a text could have, so that nothing but arrays depends on it. All arrays that one sum reads are
of one length, which is known where their numbers are.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_core.lang.program.nodes import Node

__all__ = ["PLACE", "arrays_read"]

PLACE = "#"
"""The name of the place."""


def arrays_read(nodes: Sequence[Node]) -> tuple[int, ...]:
    """The numbers of the arrays that nodes read, ascending; without those that sums among them read for themselves."""
    return tuple(sorted({int(nodes[node.args[0]].number) for node in nodes if node.op == ARRAY_ITEM.name}))
