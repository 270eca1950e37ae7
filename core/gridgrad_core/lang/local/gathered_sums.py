"""Sums that were written out, gathered into sums over arrays: where all terms are alike but for the numbers of arrays.

The opposite of `gridgrad_core.lang.local.written_out`, for functions that were traced, which add up one term after the
other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_core.lang.local.arrays import PLACE, arrays_read
from gridgrad_core.lang.local.closing import closing
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.steps import finished

__all__ = ["gathered"]

Elements = Mapping[str, tuple[int, int]]
"""Of each input that is an element of an array, the number of the array and the place of the element."""


def gathered(
    builder: Builder, outputs: Sequence[int], sums: Mapping[int, Sequence[int]], arrays: Mapping[int, Sequence[str]]
) -> tuple[int, ...]:
    """The same outputs with sums over arrays, where sums run over whole arrays.

    Args:
        builder: has the nodes, and takes more.
        outputs: nodes.
        sums: the terms of nodes that are sums, in order.
        arrays: of each array, by its number, the names of the inputs for its elements.
    """
    elements = {name: (number, place) for number, names in arrays.items() for place, name in enumerate(names)}
    moved: dict[int, int] = {}
    for index in range(len(builder.nodes)):
        node = builder.nodes[index]
        terms = sums.get(index, ())
        varying = _varying(builder.nodes, terms, elements)
        whole = {elements[str(builder.nodes[each].value)][0] for each in varying if not builder.nodes[each].args}
        if varying and all(len(arrays[number]) == len(terms) for number in whole):
            moved[index] = _sum(builder, terms[0], varying, elements, moved)
        elif any(argument in moved for argument in node.args):
            moved[index] = builder.take(node._replace(args=tuple([moved.get(each, each) for each in node.args])))
    return tuple([moved.get(output, output) for output in outputs])


def _varying(nodes: Sequence[Node], terms: Sequence[int], elements: Elements) -> Collection[int]:
    """The nodes of the first term that are others in each of the others; none where these are not all alike."""
    varying: frozenset[int] = frozenset()
    for place, term in enumerate(terms[1:], 1):
        found = _differing(nodes, terms[0], term, elements, place)
        if not found or (varying and found != varying):
            return ()
        varying = found
    return varying


def _differing(nodes: Sequence[Node], first: int, term: int, elements: Elements, place: int) -> frozenset[int]:
    """The nodes of the first term that are others in one at a place; none where more differs than elements do."""
    pairs: dict[int, int] = {}
    same: set[int] = set()
    stack = [(first, term)]
    while stack:
        one, other = stack.pop()
        if one == other:
            same.add(one)
        elif pairs.setdefault(one, other) != other or not _alike(nodes[one], nodes[other], elements, place):
            return frozenset()
        else:
            stack += zip(nodes[one].args, nodes[other].args, strict=True)
    return frozenset() if same & pairs.keys() else frozenset(pairs)


def _alike(one: Node, other: Node, elements: Elements, place: int) -> bool:
    """Whether two nodes that are not the same differ in their arguments alone, or are the elements at 0 and a place."""
    if one.op == other.op == "input":
        number, start = elements.get(str(one.value), (-1, -1))
        return start == 0 and elements.get(str(other.value)) == (number, place)
    return one.op == other.op != "const" and len(one.args) == len(other.args)


def _sum(builder: Builder, term: int, varying: Collection[int], elements: Elements, moved: Mapping[int, int]) -> int:
    """The sum over arrays whose first term is known."""
    place, written = builder.input(PLACE), dict[int, int]()
    for index in sorted(varying):
        node = builder.nodes[index]
        if node.op == "input":
            number = builder.const(float(elements[str(node.value)][0]))
            written[index] = builder.op(ARRAY_ITEM.name, number, place)
        else:
            args = [written.get(argument, moved.get(argument, argument)) for argument in node.args]
            written[index] = builder.take(node._replace(args=tuple(args)))
    closed = finished(closing(builder.nodes, [written[term]], (PLACE,), 1))
    operation = LocalOperation("sum", closed.body, (PLACE,), 1, arrays_read(closed.body.nodes)[0])
    return operation.applied(builder, [builder.const(0.0), *closed.arguments])
