from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from gridgrad_worker.runtime.logging import configure


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def log_failure() -> None:
    try:
        raise ValueError("a reason")
    except ValueError:
        logging.getLogger("some.module").exception("it %s", "failed")


def test_a_line_of_json_is_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info", "cuda:1")
    logging.getLogger("x").debug("not written")
    log_failure()
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["logger"], entry["message"]) == ("error", "some.module", "it failed")
    assert entry["device"] == "cuda:1"
    assert "ValueError: a reason" in entry["traceback"]
    assert entry["time"].endswith("Z")


def test_a_line_of_text_is_a_message_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "debug", "cpu")
    log_failure()
    (line,) = capsys.readouterr().err.splitlines()
    assert " error some.module it failed device=cpu pid=" in line
    assert "ValueError: a reason" in line


def test_warnings_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "info", "cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("look here", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "look here" in capsys.readouterr().err
