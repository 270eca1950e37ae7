"""What the client offers is typed, and documented: arguments, what comes back, what is raised."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import gridgrad

ELSEWHERE = re.compile(r"see `(gridgrad\.[\w.]+)`")
"""How a method says that another one of the same arguments explains them."""
MADE_BY_THE_PACKAGE = {"Result", "TracedFunction", "Program", "formats.Translation"}
"""These explain what they have, not what they are made of."""


def offered() -> Iterator[tuple[str, Any]]:
    """The names of the package, and those of its public modules."""
    for name in gridgrad.__all__:
        value = getattr(gridgrad, name)
        if inspect.ismodule(value):
            yield from ((f"{name}.{inner}", getattr(value, inner)) for inner in value.__all__)
        else:
            yield name, value


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions, and public methods that are not those of a foreign base."""
    for name, value in offered():
        if inspect.isclass(value):
            yield from ((f"{name}.{method}", function) for method, function in methods(value))
        elif inspect.isfunction(value):
            yield name, value


def ours(cls: type) -> list[type]:
    """The class and its bases, those of other packages left out."""
    return [each for each in cls.__mro__ if each.__module__.startswith("gridgrad")]


def methods(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    foreign = [each for each in cls.__mro__ if each not in ours(cls)]
    for name in sorted({name for each in ours(cls) for name in vars(each)}):
        function = getattr(cls, name)
        if not name.startswith("_") and inspect.isfunction(function) and not any(hasattr(f, name) for f in foreign):
            yield name, function


FUNCTIONS = dict(functions())
CLASSES = {name: value for name, value in offered() if inspect.isclass(value)}


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]


def section(doc: str, *titles: str) -> str:
    """The text under one of these titles; empty if there is none."""
    found = re.search(rf"^(?:{'|'.join(titles)}):\n(.*?)(?=^\w+:$|\Z)", doc, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def named(section: str) -> set[str]:
    """The arguments that a section explains; one line may explain several."""
    heads = re.findall(r"^    (\*?\w[\w, *]*):", section, re.MULTILINE)
    return {name.strip(" *") for head in heads for name in head.split(",")}


def raises(function: Callable[..., Any]) -> bool:
    """Whether it raises, or asks the server, which may fail."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return "timeout" in inspect.signature(function).parameters or any(isinstance(n, ast.Raise) for n in ast.walk(tree))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_explain_arguments_results_and_errors(name: str) -> None:
    function = FUNCTIONS[name]
    doc = inspect.getdoc(function) or ""
    if other := ELSEWHERE.search(doc):
        explained = FUNCTIONS[other[1].removeprefix("gridgrad.")]
        assert [p.name for p in parameters(function)] == [p.name for p in parameters(explained)]
        return
    assert {p.name for p in parameters(function)} <= named(section(doc, "Args"))
    if parameters(function) and inspect.signature(function).return_annotation != "None":
        assert section(doc, "Returns", "Yields")
    if raises(function):
        assert section(doc, "Raises")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_typed(name: str) -> None:
    signature = inspect.signature(FUNCTIONS[name])
    assert signature.return_annotation is not inspect.Signature.empty
    assert not [p.name for p in parameters(FUNCTIONS[name]) if p.annotation is inspect.Parameter.empty]


@pytest.mark.parametrize("name", sorted(CLASSES.keys() - MADE_BY_THE_PACKAGE))
def test_classes_explain_what_they_are_made_of(name: str) -> None:
    docs = [inspect.cleandoc(each.__doc__ or "") for each in ours(CLASSES[name])]
    assert {p.name for p in parameters(CLASSES[name])} <= set().union(*(named(section(doc, "Args")) for doc in docs))


def test_the_rules_find_what_they_look_for() -> None:
    def undocumented(t: float) -> float:
        """Doubles."""
        raise ValueError(t)

    assert not named(section(inspect.getdoc(undocumented) or "", "Args"))
    assert raises(undocumented)
    assert named("    a, b: two\n    *c: more\n        x: not this\n") == {"a", "b", "c"}
