#!/usr/bin/env bash
# jax 0.10.2: jax.numpy.hypot at the origin.
#
# hypot has no derivative at (0, 0); one expects nan, or 0 by convention. JAX answers the gradient (0.5, 0.5) and a Hessian of
# zeros, so that h = hypot(x, y)**2/2, which is (x² + y²)/2 and smooth, gets the Hessian [[¼, ¼], [¼, ¼]] instead of the
# identity: finite, plausible, and wrong. Written as sqrt(x**2 + y**2) the same function gives nan.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'jax==0.10.2' 'numpy==2.4.3'
JAX_PLATFORMS=cpu "$folder/env/bin/python" - <<'P'
import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
origin = jnp.zeros(2)
gradient = jax.grad(lambda v: jnp.hypot(v[0], v[1]))(origin).tolist()
hessian = jax.hessian(lambda v: 0.5 * jnp.hypot(v[0], v[1]) ** 2)(origin).tolist()
written_out = jax.hessian(lambda v: 0.5 * jnp.sqrt(v[0] ** 2 + v[1] ** 2) ** 2)(origin)
print("jax", jax.__version__, "gradient of hypot at (0, 0):", gradient)
print("Hessian of hypot**2/2 at (0, 0):", hessian, "right: [[1, 0], [0, 1]]; by sqrt:", written_out.tolist())
assert gradient == [0.5, 0.5]
assert hessian == [[0.25, 0.25], [0.25, 0.25]]
assert bool(jnp.isnan(written_out).any())
P
