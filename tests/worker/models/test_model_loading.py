"""Entries of --functions that are models: directories, names, and what is refused beside the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_core.system.logging import MOST_A_MINUTE
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.models import model_loading
from gridgrad_worker.models.model_loading import load_models
from tests.worker.models.conftest import Load, WriteModule

TWICE = "class Twice(nn.Module):\n    def forward(self, x): return 2*x\n"
SETTINGS = "module = '{}:Twice'\ncheck = false\ninputs = {{x = {{}}}}\n"


def test_a_directory_in_order_of_names(tmp_path: Path, load: Load, write_module: WriteModule) -> None:
    settings = SETTINGS.format(write_module(TWICE))
    (tmp_path / "b.toml").write_text(settings)
    (tmp_path / "a.toml").write_text(settings)
    (tmp_path / "c.toml").write_text(f"name = 'a'\n{settings}")
    loaded = load(tmp_path)
    assert list(loaded.served) == ["a", "b"]
    assert "the name 'a' is taken already" in loaded.refused["c"]
    taken = load_models([str(tmp_path / "b.toml")], open_device("cpu", 1), ["b"])
    assert "the name 'b' is taken already" in taken.refused["b"]


def test_what_is_no_model_is_refused(tmp_path: Path, load: Load) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.toml").write_text("")
    (tmp_path / "bytes.toml").write_bytes(b"name = '\xff'")
    refused = load(tmp_path / "empty", tmp_path, "no_such_module:Net").refused
    assert "no model there; put files that end in .pt2, .onnx or .toml" in refused["empty"]
    assert "it has no module = 'package.module:Class'" in refused["none"]
    assert "byte 8 is no UTF-8" in refused["bytes"]
    assert "there is no module 'no_such_module'" in refused["Net"]
    assert "is no model; name one that ends in .pt2, .onnx" in load("a/none.tar").refused["none"]


def test_callers_are_not_told_where_models_lie(tmp_path: Path, load: Load, write_module: WriteModule) -> None:
    module = write_module(TWICE)
    (tmp_path / "gone.toml").write_text(f"state = 'none.safetensors'\n{SETTINGS.format(module)}")
    (tmp_path / "outside.toml").write_text(f"state = '../none.safetensors'\n{SETTINGS.format(module)}")
    refused = load(tmp_path, tmp_path / "none.pt2", "a/none.tar").refused
    assert sorted(refused) == ["gone", "none", "outside"]
    assert [each for each in refused.items() if str(tmp_path) in "".join(each) or "a/" in "".join(each)] == []


def test_what_nobody_foresaw_is_refused_too(tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded(*_: object) -> None:
        raise KeyError("unforeseen")

    monkeypatch.setattr(model_loading, "_loaded", loaded)
    (tmp_path / "net.toml").write_text("")
    assert load(tmp_path).refused == {"net": "net.toml: loading it raised KeyError; please report it"}


def test_where_many_are_refused_a_line_of_the_log_has_all_names(
    tmp_path: Path, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"net{number}" for number in range(10, 10 + MOST_A_MINUTE + 1)]
    for name in names:
        (tmp_path / f"{name}.toml").write_text("")
    load(tmp_path)
    said = [vars(record)["fields"] for record in caplog.records if record.getMessage() == "models refused"]
    assert said == [{"count": len(names), "names": ", ".join(names)}]
