"""The wheel: it holds everything that runs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import gridgrad

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "gridgrad_core": ROOT / "core",
    "gridgrad": ROOT / "client",
    "gridgrad_server": ROOT / "server",
    "gridgrad_worker": ROOT / "worker",
}
VENDOR = ("d3-array", "d3-contour", "ogl", "uplot")
IMPORT_ALL = """
import importlib, pkgutil, sys
for package in sys.argv[2:]:
    for module in pkgutil.walk_packages([f"{sys.argv[1]}/{package}"], f"{package}."):
        if not module.name.endswith("__main__"):
            assert importlib.import_module(module.name).__file__.startswith(sys.argv[1]), module
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of what is here."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    [file] = folder.iterdir()
    assert file.name == f"gridgrad-{gridgrad.__version__}-py3-none-any.whl"
    return zipfile.ZipFile(file)


def test_it_holds_all_files_of_the_packages_and_no_others(wheel: zipfile.ZipFile) -> None:
    held = {Path(name) for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {
        path.relative_to(folder)
        for package, folder in PACKAGES.items()
        for path in (folder / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert held == wanted
    assert {path.suffix for path in held} == {
        *(".py", ".pyi", ".h", ".typed", ".cpp", ".hpp", ".ipp", ".md", ".txt", ".json", ""),
        *(".html", ".css", ".js", ".svg"),
    }
    for package in PACKAGES:
        assert Path(package, "py.typed") in held
    assert Path("gridgrad_worker/engines/cuda/prelude.h") in held
    assert Path("gridgrad_core/v1/gridgrad_pb2.py") in held
    assert {path for path in held if not path.suffix} == {
        *(Path("gridgrad_worker/third_party", name, "LICENSE") for name in ("boost_math", "xsf")),
        *(Path("gridgrad_server/http/page/vendor", name, "LICENSE") for name in VENDOR),
    }


def test_it_has_its_commands_and_its_licenses(wheel: zipfile.ZipFile) -> None:
    about = f"gridgrad-{gridgrad.__version__}.dist-info"
    commands = wheel.read(f"{about}/entry_points.txt").decode()
    assert "gridgrad = " in commands
    assert "gridgrad-server = " in commands
    third_party = "worker/gridgrad_worker/third_party"
    vendor = [f"server/gridgrad_server/http/page/vendor/{name}/LICENSE" for name in VENDOR]
    for name in ("LICENSE", f"{third_party}/boost_math/LICENSE", f"{third_party}/xsf/LICENSES_bundled.txt", *vendor):
        assert wheel.read(f"{about}/licenses/{name}") == (ROOT / name).read_bytes()


def test_all_of_it_can_be_imported_where_it_is_unpacked(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(tmp_path), *PACKAGES],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        check=True,
    )
