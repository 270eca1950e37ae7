#!/usr/bin/env bash
# torch 2.13.0: slopes of torch.fmax and torch.clamp at ties, by the mode in which they are derived.
#
# Where both arguments are equal, forward mode gives all of the slope to one of them and reverse mode all of it to the other:
# fmax(x, y) at (1, 1) has the gradient (0, 1) by jacfwd and (1, 0) by jacrev. So has clamp(x, min=y) and clamp(x, max=y), whose
# slope at a bound that is a number is 1 in both. fmin gives all to the first in both modes, torch.maximum each a half.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.3'
"$folder/env/bin/python" -W ignore - <<'P'
import torch
from torch.func import jacfwd, jacrev

functions = {
    "fmax(x, y)": torch.fmax,
    "fmin(x, y)": torch.fmin,
    "clamp(x, min=y)": lambda x, y: torch.clamp(x, min=y),
    "clamp(x, max=y)": lambda x, y: torch.clamp(x, max=y),
    "clamp(x, min=1)": lambda x, y: torch.clamp(x, min=1.0) + 0 * y,
    "maximum(x, y)": torch.maximum,
}
one = torch.ones((), dtype=torch.float64)
print("torch", torch.__version__)
found = {}
for name, function in functions.items():
    found[name] = [[derive(function, place)(one, one).item() for place in (0, 1)] for derive in (jacfwd, jacrev)]
    print(f"{name} at (1, 1): forward {found[name][0]}, reverse {found[name][1]}")
assert found["fmax(x, y)"] == found["clamp(x, min=y)"] == found["clamp(x, max=y)"] == [[0, 1], [1, 0]]
assert found["clamp(x, min=1)"] == found["fmin(x, y)"] == [[1, 0], [1, 0]]
assert found["maximum(x, y)"] == [[0.5, 0.5], [0.5, 0.5]]
P
