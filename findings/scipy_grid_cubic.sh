#!/usr/bin/env bash
# scipy 1.17.1: RegularGridInterpolator by "cubic" and "quintic" at the points that it was given.
#
# An interpolant has the values at its knots that it was made of, as it does by "linear" and as RectBivariateSpline does. By
# "cubic" and "quintic" it is off by about 1e-5 there: the coefficients are solved for by an iterative solver that stops at its own
# tolerance, for a grid of 9 x 8 numbers too. With solver=scipy.sparse.linalg.spsolve it has them to rounding.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'scipy==1.17.1' 'numpy==2.4.3'
"$folder/env/bin/python" - <<'P'
import numpy as np
import scipy
from scipy.interpolate import RectBivariateSpline, RegularGridInterpolator
from scipy.sparse.linalg import spsolve

draw = np.random.default_rng(1)
x, y, z = np.linspace(0, 1, 9), np.sort(draw.uniform(0, 2, 8)), draw.normal(size=(9, 8))
points = tuple(np.meshgrid(x, y, indexing="ij"))
print("scipy", scipy.__version__)
off = {method: np.abs(RegularGridInterpolator((x, y), z, method=method)(points) - z).max() for method in ("linear", "cubic", "quintic")}
off["cubic, spsolve"] = np.abs(RegularGridInterpolator((x, y), z, method="cubic", solver=spsolve)(points) - z).max()
off["RectBivariateSpline"] = np.abs(RectBivariateSpline(x, y, z)(x, y) - z).max()
for name, found in off.items():
    print(f"{name}: off by {found:.1e} at its own points")
assert off["cubic"] > 1e-7 and off["quintic"] > 1e-7
assert max(off["linear"], off["cubic, spsolve"], off["RectBivariateSpline"]) < 1e-13
P
