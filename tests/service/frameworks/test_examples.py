"""The examples of these parts do what they say."""

from __future__ import annotations

import re

import pytest

from examples import torch_training
from tests.service.harness import Running


def test_training_finds_the_path(
    server: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRIDGRAD_SERVER", server.address)
    torch_training.main()
    found = re.search(r"the path is off by ([\d.]+) at most, of 1\.53", capsys.readouterr().out)
    assert found
    assert float(found[1]) < 0.1
