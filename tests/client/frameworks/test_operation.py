"""Operations on arrays of another package: how inputs are sorted, and what is asked of the server."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.arguments.inputs import FLOAT32, FLOAT64
from gridgrad.frameworks.operation import ArrayPackage, Operation, Variable, sort_inputs, synchronous
from gridgrad.testing import FakeClient


class Boxed:
    """An array of a package of its own."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)
        self.shape = self.values.shape


PACKAGE = ArrayPackage(Boxed, lambda boxed: boxed.values.dtype, Boxed)
SUM: dict[Any, Any] = {"t*k": {(): lambda t, k: t * k, "t": lambda t, k: k + 0 * t}}


def test_variables_keep_their_order_and_linspaces_stay_between() -> None:
    t = Boxed([1.0, 2.0])
    found = sort_inputs({"t": t, "x": gridgrad.linspace(0, 1, 3), "c": 2.0}, PACKAGE, None)
    first, second, third = found.inputs
    assert (first, third) == (Variable("t", ("t",)), Variable("c", ()))
    assert second.name == "x"
    assert found.arrays[0] is t
    assert found.arrays[1].values == 2.0
    assert (found.grid, found.shape) == (("t", "x"), (2, 3))


@pytest.mark.parametrize(
    ("inputs", "dtype", "expected"),
    [
        ({"t": Boxed(np.ones(2, "f4")), "c": 2.0}, None, FLOAT32),
        ({"t": Boxed(np.ones(2, "f4")), "k": [1.0]}, None, FLOAT64),
        ({"t": Boxed(np.float32(1)), "c": 2.0}, None, FLOAT32),
        ({"t": Boxed(np.float32(1)), "u": Boxed(np.float64(1))}, None, FLOAT64),
        ({"t": Boxed(np.ones(2))}, "float32", FLOAT32),
        ({"c": 2.0}, None, FLOAT64),
    ],
)
def test_the_type_to_compute_in(inputs: dict[str, Any], dtype: Any, expected: np.dtype[Any]) -> None:
    assert sort_inputs(inputs, PACKAGE, dtype).dtype == expected


def test_arrays_that_fit_no_dims_are_refused() -> None:
    with pytest.raises(gridgrad.RequestError, match="without the names of its dims"):
        sort_inputs({"t": Boxed(np.ones((2, 2)))}, PACKAGE, None)
    with pytest.raises(gridgrad.RequestError, match="complex"):
        sort_inputs({"t": Boxed(np.ones(2, "c16"))}, PACKAGE, None)


@pytest.fixture
def product() -> Any:
    with FakeClient(SUM, fill=0.0) as client:
        inputs = (Variable("t", ("t",)), Variable("k", ("k",)))
        yield Operation(client, "t*k", inputs, ("k", "t"), FLOAT64, None, "auto")


def test_what_is_computed_comes_in_the_dims_of_the_operation(product: Operation) -> None:
    found = product.compute([np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])], [("t",)])
    assert_array_equal(found[()], np.outer([3, 4, 5], [1, 2]))
    assert_array_equal(found["t",], [[3, 3], [4, 4], [5, 5]])


def test_a_further_dim_has_a_name_that_no_other_has(product: Operation) -> None:
    once = product.batched(product.variables[:1])
    twice = once.batched(once.variables)
    assert once.grid == ("batch_0", "k", "t")
    assert [each.dims for each in once.variables] == [("batch_0", "t"), ("k",)]
    assert twice.grid == ("batch_1", "batch_0", "k", "t")


def test_derivatives_are_raised_in_the_order_of_the_inputs_up_to_four(product: Operation) -> None:
    t, k = product.variables
    assert product.raised(("k",), t) == ("t", "k")
    assert product.raised(("t",), t) == ("t", "t")
    with pytest.raises(gridgrad.RequestError, match="differentiate 4 times at most"):
        product.raised(("t",) * 4, k)


def test_only_a_client_that_can_be_waited_for_will_do() -> None:
    with pytest.raises(gridgrad.RequestError, match=r"a builtins\.str; give a gridgrad\.Client"):
        synchronous("localhost:1")


def test_tensors_without_numbers_are_refused_by_name() -> None:
    torch = pytest.importorskip("torch")
    package = ArrayPackage(
        torch.Tensor, lambda tensor: np.dtype(str(tensor.dtype).removeprefix("torch.")), torch.tensor
    )
    two = torch.ones(2)
    assert sort_inputs({"t": two}, package, None).shape == (2,)
    for tensor, remedy in [(two.to_sparse(), "x.to_dense()"), (two.to("meta"), "has no numbers")]:
        with pytest.raises(gridgrad.RequestError, match=remedy) as caught:
            sort_inputs({"t": tensor}, package, None)
        assert caught.value.field == "inputs['t']"


def test_keys_of_jax_are_refused_by_name() -> None:
    jax = pytest.importorskip("jax")
    package = ArrayPackage(jax.Array, lambda array: np.dtype(array.dtype), jax.numpy.asarray)
    with pytest.raises(gridgrad.RequestError, match="a JAX key"):
        sort_inputs({"t": jax.random.key(0)}, package, None)


def test_labels_that_differ_are_refused() -> None:
    xarray = pytest.importorskip("xarray")
    one, other = (xarray.DataArray([1.0, 2.0], dims="s", coords={"s": labels}) for labels in ([0, 1], [1, 0]))
    with pytest.raises(gridgrad.RequestError, match="other labels along 's'"):
        sort_inputs({"t": one, "k": other}, PACKAGE, None)


def test_a_pull_back_is_asked_for_where_it_moves_less() -> None:
    with FakeClient({"t*k": {(): 1.0, "t": 2.0, "k": 3.0}}) as client:
        inputs = Variable("k", ("k",)), Variable("t", ("t",))
        operation = Operation(client, "t*k", inputs, ("t", "k"), np.dtype("float64"), None, "auto")
        assert operation.pulls_back([(200,), (200,)], ["t", "k"])
        assert not operation.pulls_back([(20,), (200,)], ["t", "k"])
        assert not operation.pulls_back([(200,), (400,)], ["t"])
        k, t = np.arange(3.0), np.arange(2.0)
        by_t, by_k = operation.pull_back([k, t], np.arange(6.0).reshape(2, 3), ["t", "k"])
        assert by_t.tolist() == [2 * 3, 2 * 12]
        assert by_k.tolist() == [3 * 3, 3 * 5, 3 * 7]
        operation.pull_back([k, t], np.broadcast_to(np.array([[1.0], [2.0]]), (2, 3)), ["t"])
        sent = client.requests[-1].inputs["cotangent"]
        assert sent[0] == ("t",)
