"""What the parts for other packages say where those are not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

USES = [
    ("torch", "torch", "import gridgrad.torch"),
    ("jax", "jax", "import gridgrad.jax"),
    ("scipy", "scipy", 'import gridgrad.scipy; gridgrad.frameworks.scipy.interpolant(None, "t", {"t": [0, 1]})'),
    ("tqdm", "progress", 'gridgrad.Client().map("t", [], progress=True)'),
    ("tqdm", "progress", 'gridgrad.Client().gradient("t", {"t": [0, 1]}, progress=True)'),
]


@pytest.mark.parametrize(("package", "extra", "use"), USES)
def test_the_error_names_the_extra(package: str, extra: str, use: str) -> None:
    # None in its place is what an import of a package meets that is not there
    code = (
        f"import sys, gridgrad\nsys.modules[{package!r}] = None\n"
        f"try:\n    {use}\nexcept gridgrad.MissingExtraError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{package}: is not installed; pip install 'gridgrad[{extra}]'\n"
