"""Exporters are loaded only when asked for, and name what they need."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_what_exports_is_loaded_only_when_asked_for() -> None:
    code = (
        "import sys, gridgrad_server.app\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(*loaded & {'prometheus_client', 'opentelemetry', 'wrapt', 'starlette', 'uvicorn', 'h11'})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


@pytest.mark.parametrize(
    ("flags", "package", "extra"),
    [
        (["--metrics", "127.0.0.1:0"], "prometheus_client", "metrics"),
        (["--traces"], "opentelemetry", "otel"),
        (["--http", "127.0.0.1:0"], "uvicorn", "http"),
    ],
)
def test_a_missing_package_names_its_extra(flags: list[str], package: str, extra: str) -> None:
    code = (
        f"import sys\nsys.modules[{package!r}] = None\n"
        f"from gridgrad_server.__main__ import main\nsys.exit(main({['--listen', '127.0.0.1:0', *flags]!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"gridgrad-server: {package}: is not installed; pip install 'gridgrad[{extra}]'" in done.stderr
