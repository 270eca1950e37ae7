from __future__ import annotations

import json
import logging

import pytest

from gridgrad_server.config import logging as logs
from gridgrad_server.config.logging import fields


@pytest.fixture(autouse=True)
def _restored() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_text_is_a_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "info")
    logging.getLogger("gridgrad.server").info("worker ready", extra=fields(worker=0, device="cpu"))
    line = capsys.readouterr().err
    assert line.endswith("Z info gridgrad.server worker ready worker=0 device=cpu\n")


def test_json_is_an_object_a_line_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    try:
        raise ValueError("no\nway")
    except ValueError:
        logging.getLogger("a").exception("failed", extra=fields(worker=1))
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["logger"], entry["message"], entry["worker"]) == ("error", "a", "failed", 1)
    assert "ValueError: no\nway" in entry["traceback"]


def test_less_severe_lines_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "warning")
    logging.getLogger("a").info("quiet")
    assert capsys.readouterr().err == ""
