"""Requests that differ from one before only in numbers: they must be what they would be had there been none before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.requests import template_cache
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request
from gridgrad_core.v1 import gridgrad_pb2 as pb

T, K = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])


def sent(request: Request) -> pb.GridGradientRequest:
    return pb.GridGradientRequest.FromString(prepare(request).message)


@pytest.fixture
def recognised(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request was recognised."""
    seen: list[bool] = []

    def noted(*given: Any) -> tuple[bytes, ...] | None:
        numbers = template_cache.plain_numbers(*given)
        seen.append(numbers is not None)
        return numbers

    monkeypatch.setattr("gridgrad.requests.prepare.plain_numbers", noted)
    return seen


def test_other_numbers_are_recognised_and_sent(recognised: list[bool]) -> None:
    first, second = (sent(Request("t*k*recognised", {"t": s * T, "recognised": s, "k": s * K})) for s in (1.0, 2.0))
    assert recognised == [True]
    for one, other in zip(first.inputs, second.inputs, strict=True):
        assert_array_equal(2 * np.frombuffer(one.array.data), np.frombuffer(other.array.data))
        other.array.data = one.array.data
    assert first == second


def test_registered_names_are_recognised_and_are_no_texts(recognised: list[bool]) -> None:
    inputs = {"t": T, "recognised_name": K}
    first, second = (sent(Request(gridgrad.registered("tk"), inputs)).function.registered for _ in range(2))
    assert (first, second, recognised) == ("tk", "tk", [True])
    assert sent(Request("tk", {**inputs, "tk": 1.0})).function.expression == "tk"


@pytest.mark.parametrize(
    "values",
    [
        np.array([1.0, 2.0]),
        np.array([1.0, 2.0, 4.0], "f4"),
        np.array([1.0, 2.0, 4.0], ">f8"),
        np.array([1, 2, 4]),
        [1.0, 2.0, 4.0],
        ("i", T),
        ("t", T),
        gridgrad.linspace(1.0, 2.0, 3),
        3.0,
        np.float32(3),
        np.ma.masked_array(T),
    ],
    ids=repr,
)
def test_other_kinds_of_input_are_sent_as_if_they_were_the_first(values: Any) -> None:
    def outcome(function: str) -> Any:
        try:
            return sent(Request(function, {"t": values, "k": K})).inputs
        except gridgrad.RequestError as error:
            return str(error)

    prepare(Request("t*k + 1", {"t": T, "k": K}))
    assert outcome("t*k + 1") == outcome(f"t*k + {id(values)}")


def test_views_are_sent_in_the_order_of_their_dims() -> None:
    prepare(Request("t", {"t": T}))
    assert np.frombuffer(sent(Request("t", {"t": T[::-1]})).inputs[0].array.data).tolist() == [4.0, 2.0, 1.0]


def test_names_in_another_order_make_another_grid() -> None:
    prepare(Request("t*k", {"t": T, "k": K}))
    assert prepare(Request("t*k", {"k": K, "t": T})).template.grid.dims == ("k", "t")


def test_a_list_that_was_changed_since_asks_for_something_else() -> None:
    wanted: list[Any] = ["t"]
    prepare(Request("t*k", {"t": T, "k": K}, derivatives=wanted))
    wanted.append(["t", "k"])
    assert prepare(Request("t*k", {"t": T, "k": K}, derivatives=wanted)).template.derivatives == (("t",), ("t", "k"))


@pytest.mark.parametrize(
    ("fine", "wrong"),
    [
        ({"derivatives": ["t", "k"]}, {"derivatives": ("t", "k")}),
        ({"order": 1}, {"order": 1.0}),
        ({"order": 1}, {"order": "1"}),
        ({}, {"tier": ["auto"]}),
        ({}, {"tier": "fast"}),
        ({"dtype": "float64"}, {"dtype": "int64"}),
        ({}, {"dtype": ["float64"]}),
        ({"wrt": ["t"]}, {"wrt": [["t"]]}),
        ({}, {"out": np.zeros((3, 3, 3))}),
    ],
    ids=repr,
)
def test_what_is_wrong_is_refused_though_its_like_was_not(fine: dict[str, Any], wrong: dict[str, Any]) -> None:
    inputs = {"t": T, "k": K}
    prepare(Request("t*k", inputs, **fine))
    with pytest.raises(gridgrad.RequestError):
        prepare(Request("t*k", inputs, **wrong))


def test_a_list_of_names_is_recognised(recognised: list[bool]) -> None:
    for derivatives in (["t", ("t", "k")], [["t"], ["t", "k"]], ["t", ("t", "k")]):
        assert prepare(Request("t*k*3", {"t": T, "k": K}, derivatives=derivatives)).template.derivatives[1] == (
            "t",
            "k",
        )
    assert recognised == [True]


def test_an_iterator_is_read_anew_each_time() -> None:
    listed = iter(["t"])
    assert prepare(Request("t*k", {"t": T, "k": K}, derivatives=listed)).template.derivatives == (("t",),)
    assert prepare(Request("t*k", {"t": T, "k": K}, derivatives=listed)).template.derivatives == ()


def test_numbers_are_as_they_were_when_the_call_was_prepared() -> None:
    own = T.copy()
    for _ in range(2):
        call = prepare(Request("t", {"t": own}))
        own[:] = 0
        assert_array_equal(call.inputs[0].values, T)
        own[:] = T


def test_what_is_kept_is_bounded() -> None:
    cache = template_cache.TemplateCache(3)
    requests = [Request(f"t + {number}", {"t": T}) for number in range(10)]
    templates = [prepare(request).template for request in requests]
    for request, template in zip(requests, templates, strict=True):
        cache.keep(request, template)
    assert cache.get(requests[9]) is templates[9]
    assert sum(cache.get(request) is not None for request in requests) <= 3


def test_threads_get_what_they_asked_for() -> None:
    def asked(number: int) -> Callable[[], bool]:
        inputs: dict[str, Any] = {"t": np.full(1 + number % 3, float(number)), "k": float(number)}
        request = Request("t*k", inputs, order=number % 2)

        def holds() -> bool:
            call = prepare(request)
            data = [np.frombuffer(each.array.data).tolist() for each in sent(request).inputs]
            return data == [inputs["t"].tolist(), [number]] and call.template.grid.shape == inputs["t"].shape

        return holds

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda holds: holds(), [asked(number % 12) for number in range(2000)]))
