#!/usr/bin/env bash
# torch 2.13.0: torch.remainder and torch.fmod where the quotient overflows, one number and nine.
#
# 1e300 and 1e-10 are ordinary doubles, and so is the remainder, 5.476641984772742e-11 by C's fmod. torch answers it for a
# tensor of one number and nan for each of nine equal ones: its vectorised loop divides first, and the quotient is inf. So a
# value depends on how many neighbours it has, and on the processor's vectors.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.3'
"$folder/env/bin/python" -W ignore - <<'P'
import math

import torch

right = math.fmod(1e300, 1e-10)
print("torch", torch.__version__, "C's fmod(1e300, 1e-10):", right)
for function in (torch.remainder, torch.fmod):
    found = {}
    for count in (1, 9):
        x, y = (torch.full((count,), value, dtype=torch.float64) for value in (1e300, 1e-10))
        found[count] = function(x, y)[0].item()
    print(f"{function.__name__}: the first of one number {found[1]}, of nine {found[9]}")
    assert found[1] == right and math.isnan(found[9])
P
