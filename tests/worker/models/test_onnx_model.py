"""ONNX models as models: networks with published values, both precisions, and the comparison with ONNX's reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.testing import assert_allclose

from gridgrad_worker.models.onnx_graphs import onnx_graph
from gridgrad_worker.tracing.graph import graph_of
from gridgrad_worker.tracing.program import program_of
from tests.worker.models.conftest import Load, computed
from tests.worker.models.onnx_graphs.graphs import WEIGHTS, model, network, node, save

SETTINGS = "order = {}\nsamples = [{{inputs = {{x0 = 0.5, x1 = -0.25}}}}]\ninputs = {{x0 = {{}}, x1 = {{}}}}"
# At (0.5, -0.25), by mpmath at 40 digits
NETWORKS: dict[str, dict[tuple[int, ...], float]] = {
    "Tanh": {
        (): 1.32168774474371,
        (0,): 0.6526988884292984,
        (1,): -1.053833436430346,
        (0, 0): -0.5729822307876737,
        (0, 1): 0.2181714778071599,
        (0, 0, 0): -0.1860436850080638,
        (0, 0, 1, 1): 0.5464994435052467,
        (1, 1, 1, 1): 2.288305302553192,
    },
    "Softplus": {
        (): 1.355792802056766,
        (0,): 0.6025910241155822,
        (1,): -0.6651124136123937,
        (0, 1): -0.1318652998023319,
        (0, 0, 1, 1): -0.008005992195993875,
    },
    "Gelu": {
        (): 0.9488354931054719,
        (0,): 0.9134509183045018,
        (1,): -0.6684423508698179,
        (0, 0): 0.4066574708607305,
        (1, 1, 1, 1): 0.5036106435183085,
    },
}


@pytest.mark.parametrize("activation", NETWORKS)
def test_networks(activation: str, tmp_path: Path, load: Load) -> None:
    order = 2 if activation == "Tanh" else 1  # compared with differences to this one
    loaded = load(save(network(activation), tmp_path / "net.onnx", SETTINGS.format(order)))
    assert not loaded.refused
    net = loaded.served["net"]
    assert ([each.name for each in net.inputs], net.components, net.order) == (["x0", "x1"], ("f",), order)
    wanted = NETWORKS[activation]
    assert_allclose(computed(net, list(wanted), 0.5, -0.25)[:, 0], list(wanted.values()), rtol=1e-13, atol=1e-15)


def test_weights_of_single_precision_are_served_in_both(tmp_path: Path, load: Load) -> None:
    net = load(save(network("Tanh", dtype="float32"), tmp_path / "net.onnx", "order = 1")).served["net"]
    assert not net.why_no_float32
    w, b, v, c = (np.array(each, "float32").astype("float64") for each in WEIGHTS.values())
    right = np.tanh(np.array([0.5, -0.25]) @ w + b) @ v + c
    assert_allclose(computed(net, [()], 0.5, -0.25)[0], right, rtol=1e-15)
    assert_allclose(computed(net, [()], 0.5, -0.25, dtype="float32")[0], right, rtol=1e-6)


def test_several_inputs_and_outputs(tmp_path: Path, load: Load) -> None:
    nodes = [node("Mul", "a b", "p"), node("ReduceSum", "p n", "s.1", keepdims=0)]
    made = model(nodes, {"n": [1]}, inputs={"a": ("points", 2), "b": ("points", 1)}, outputs=("p", "s.1"))
    found = load(save(made, tmp_path / "two.onnx", "check = false")).served["two"]
    assert ([each.name for each in found.inputs], found.components) == (["a0", "a1", "b"], ("p0", "p1", "s_1"))
    assert_allclose(computed(found, [(), (2,)], 2.0, 3.0, 5.0), [[10, 15, 25], [2, 3, 5]])


def test_a_residual_network(tmp_path: Path, load: Load) -> None:
    nodes = [node("Mul", "x a", "m"), node("Sub", "m b", "d"), node("Tanh", "d", "t"), node("Mul", "t h", "r")]
    made = model([*nodes, node("Add", "x r")], {"a": [1.3], "b": [0.2], "h": [0.5]}, inputs={"x": ("points", 1)})
    found = load(save(made, tmp_path / "net.onnx", "check = false")).served["net"]
    right = [0.8613327148429104, 1.472433551597369, -0.6420041816334563, -0.2881671777302833, 5.123146381044859]
    assert_allclose(computed(found, [(0,) * order for order in range(5)], 0.6)[:, 0], right, rtol=1e-13)


def test_what_picks_numbers_can_be_traced(tmp_path: Path, load: Load) -> None:
    nodes = [node("Gather", "x i", "g", axis=1), node("Slice", "g s e a t", "r"), node("Mul", "r r")]
    tensors = {"i": [1, 0, -1], "s": [1], "e": [-9], "a": [1], "t": [-1]}
    picked = load(save(model(nodes, tensors), tmp_path / "net.onnx", "check = false")).served["net"]
    program = program_of(graph_of(picked), ["x0", "x1"], picked.components)
    assert program.text == "y0 = x0*x0\ny1 = x1*x1\ny0, y1"


def test_a_model_that_differs_from_the_reference_is_refused_with_both_numbers(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**onnx_graph.OPERATORS, "Tanh": lambda _: torch.sin}
    monkeypatch.setattr(onnx_graph, "OPERATORS", wrong)
    why = load(save(network("Tanh"), tmp_path / "net.onnx", SETTINGS.format(1))).refused["net"]
    assert "f is 1.36388746879072" in why
    assert "at x0=0.5, x1=-0.25, but 1.32168774474370" in why


def test_what_depends_on_other_points_is_refused(tmp_path: Path, load: Load) -> None:
    made = model([node("ReduceMean", "x n", "m", keepdims=1), node("Sub", "x m")], {"n": [0]})
    assert "when another point is in its batch" in load(save(made, tmp_path / "net.onnx")).refused["net"]


@pytest.mark.parametrize(
    ("nodes", "x", "right"),
    [
        (
            [node("LayerNormalization", "v s", "n", axis=1, epsilon=1e-5), node("Gather", "n i", axis=1)],
            0.5,
            [-0.925804228978946, 0.3526329125749855, 0.3026575268376808, 0.2275736285187679],
        ),
        (
            [node("Slice", "v z t i", "h"), node("Softmax", "h", "p", axis=1), node("Gather", "p z", axis=1)],
            0.3,
            [0.5523079095743253, 0.09890555303838568, -0.4986665993717128, 0.05442986097051842],
        ),
        ([node("Softplus", "x")], 25.0, [25.00000000001389, 0.9999999999861121, 1.388794386457827e-11]),
    ],
    ids=["layer_norm", "softmax", "softplus"],
)
def test_layers_whose_derivatives_somebody_gets_wrong(
    nodes: list[onnx.NodeProto], x: float, right: list[float], tmp_path: Path, load: Load
) -> None:
    given = [node("Mul", "x x", "q"), node("Mul", "x k", "r"), node("Concat", "x q r", "v", axis=1), *nodes]
    tensors = {"k": 3.0, "s": [1.0, 1.0, 1.0], "i": [1], "z": [0], "t": [2]}
    made = model(given, tensors, inputs={"x": ("points", 1)})
    net = load(save(made, tmp_path / "net.onnx", "check = false")).served["net"]
    found = computed(net, [(0,) * order for order in range(len(right))], x)[:, 0]
    assert_allclose(found, right, rtol=1e-9)  # epsilon is of single precision in ONNX
