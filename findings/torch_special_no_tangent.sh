#!/usr/bin/env bash
# torch 2.13.0: special functions without a derivative.
#
# torch.special.bessel_j0, airy_ai, scaled_modified_bessel_k0, spherical_bessel_j0 and modified_bessel_i0 have none. Neither
# mode raises: their results do not require grad, and their tangent counts as zero, so the derivative of t·J₀(t) at 1 is
# J₀(1) = 0.765 instead of J₀(1) - J₁(1) = 0.325, forward and backward alike. Comparing both modes can't find it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.3'
"$folder/env/bin/python" -W ignore - <<'P'
import torch
from torch.func import jacfwd, jacrev

t = torch.tensor(1.0, dtype=torch.float64)
names = ["bessel_j0", "airy_ai", "scaled_modified_bessel_k0", "spherical_bessel_j0", "modified_bessel_i0"]
print("torch", torch.__version__)
for name in names:
    function = getattr(torch.special, name)
    product = lambda t: t * function(t)
    served, step = jacfwd(product)(t).item(), 1e-6
    difference = ((product(t + step) - product(t - step)) / (2 * step)).item()
    print(f"d/dt t*{name}(t) at 1: forward mode {served:.6f}, central difference {difference:.6f}")
    assert served == function(t).item() and abs(served - difference) > 0.1
    backward = jacrev(product)(t).item()
    print(f"    reverse mode {backward:.6f}; its result requires grad: {function(t.clone().requires_grad_()).requires_grad}")
    assert backward == served
    assert not function(t.clone().requires_grad_()).requires_grad
P
