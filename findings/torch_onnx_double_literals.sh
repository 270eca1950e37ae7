#!/usr/bin/env bash
# torch 2.13.0 with onnxscript 0.7.2: torch.onnx.export narrows the numbers in the code of a module of doubles.
#
# 0.1*x of doubles becomes a product by 0.10000000149011612, torch.pi*x one by 3.1415927410125732, and log1p(x) a logarithm of 1 + x, which at
# 1e-12 is off by 9e-5 of itself. The result is a tensor of doubles all the same. Parameters stay doubles.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'onnx==1.23.2' 'onnxscript==0.7.2'
"$folder/env/bin/python" -W ignore - "$folder/model.onnx" <<'P'
import math
import sys

import numpy as np
import onnx
import torch
from onnx.reference import ReferenceEvaluator


class Module(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def exported(function, x):
    given = torch.tensor([x, x], dtype=torch.float64)
    torch.onnx.export(Module(function), (given,), sys.argv[1], dynamo=True, external_data=False, verbose=False)
    return ReferenceEvaluator(onnx.load(sys.argv[1])).run(None, {"x": given.numpy()})[0][0]


tenth = exported(lambda x: 0.1 * x, 1.0)
pi = exported(lambda x: torch.pi * x, 1.0)
log1p = exported(torch.log1p, 1e-12)
print(f"0.1*x at 1: {tenth!r}; pi*x: {pi!r}; log1p(1e-12): {log1p!r}, right: {math.log1p(1e-12)!r}")
narrowed = tenth == float(np.float32(0.1)) and pi == float(np.float32(math.pi))
raise SystemExit(not (narrowed and tenth.dtype == np.float64 and log1p == math.log(1 + 1e-12)))
P
