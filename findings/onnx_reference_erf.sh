#!/usr/bin/env bash
# onnx 1.23.2: the reference evaluator's Erf of doubles is of single precision, and its Softmax of old models follows the new rule.
#
# Erf(0.5) of a tensor of doubles is 0.5204998850822449, while erf(0.5) is 0.5204998778130465: the result is a double with the digits of a
# float32. Softmax of a model of opset 12 is by its rule over all dims from `axis` on, as one, so that the four numbers of
# a 2x2 sum to 1; here each row of two does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'onnx==1.23.2' 'numpy==2.4.6'
"$folder/env/bin/python" - <<'P'
import math

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def computed(operator, version, x):
    given = helper.make_tensor_value_info("x", TensorProto.DOUBLE, x.shape)
    returned = helper.make_tensor_value_info("y", TensorProto.DOUBLE, x.shape)
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"])], "g", [given], [returned])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
    return ReferenceEvaluator(model).run(None, {"x": x})[0]


(erf,) = computed("Erf", 13, np.array([0.5]))
print(f"Erf(0.5) as {erf.dtype}: {erf!r}; erf(0.5): {math.erf(0.5)!r}; in float32: {float(np.float32(math.erf(0.5)))!r}")
softmax = computed("Softmax", 12, np.arange(4.0).reshape(1, 2, 2))
print(f"Softmax of opset 12 of a 1x2x2: sums of its rows {softmax.sum(axis=2).ravel()}, of all: {softmax.sum():.3f}, by the rule 1")
single = erf.dtype == np.float64 and float(erf) == float(np.float32(math.erf(0.5)))
raise SystemExit(not (single and abs(softmax.sum() - 2) < 1e-12))
P
