#!/usr/bin/env bash
# torch 2.13.0: second derivatives of torch.cumprod where one of its factors is 0.
#
# The last element of cumprod of (t - 1, t + 1, t + 2) is the polynomial t³ + 2t² - t - 2, with f' 6 and f'' 10 at t = 1, where
# the first factor is 0. jacfwd of jacfwd answers 5 for f''; jacrev of jacrev and torch.prod answer 10. So for t = -1 and -2, where
# the others vanish, and everywhere else all agree: random test points never meet it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.3'
"$folder/env/bin/python" -W ignore - <<'P'
import torch
from torch.func import jacfwd, jacrev

last = lambda t: torch.cumprod(torch.stack([t - 1, t + 1, t + 2]), 0)[-1]
whole = lambda t: torch.stack([t - 1, t + 1, t + 2]).prod()
print("torch", torch.__version__)
found = {}
for at in (1.0, -1.0, -2.0, 0.5):
    t = torch.tensor(at, dtype=torch.float64)
    found[at] = [derived(t).item() for derived in (jacfwd(jacfwd(last)), jacrev(jacrev(last)), jacfwd(jacfwd(whole)))]
    print(f"t = {at}: f'' {6 * at + 4}; cumprod forward {found[at][0]}, cumprod reverse {found[at][1]}, prod forward {found[at][2]}")
assert found[1.0][0] == 5.0 and found[1.0][1] == 10.0
assert abs(found[0.5][0] - 7.0) < 1e-12
P
