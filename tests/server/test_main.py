"""What the server says where packages are not installed: which, and how to install them."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT = [
    ("torch", "server,worker", []),
    ("grpc_health", "server,worker", []),
    ("prometheus_client", "metrics", ["--metrics", "localhost:0"]),
    ("opentelemetry", "otel", ["--traces"]),
]


@pytest.mark.parametrize(("package", "extra", "flags"), WITHOUT)
def test_a_server_without_a_package_names_the_extra(package: str, extra: str, flags: list[str]) -> None:
    # None in its place is what an import of a package meets that is not there
    code = f"import sys; sys.modules[{package!r}] = None; from gridgrad_server.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "--listen", "localhost:0", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"gridgrad-server: {package}: ")
    assert done.stderr.endswith(f"not installed; pip install 'gridgrad[{extra}]'\n")
    assert done.stderr.count("\n") == 1
