"""Lines of the logs, as people and as machines read them."""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Iterator

import pytest

from gridgrad_core.system.logging import MOST_A_MINUTE, configure, fields


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
        raise ValueError("no\nway")
    except ValueError:
        logging.getLogger("some.module").exception("it %s", "failed", extra=fields(batch=1))


def test_text_is_a_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "info")
    logging.getLogger("gridgrad.server").info("worker ready", extra=fields(worker=0, device="cpu"))
    line = capsys.readouterr().err
    assert line.endswith("Z info gridgrad.server worker ready worker=0 device=cpu\n")


def test_json_is_an_object_a_line_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info", device="cuda:1")
    logging.getLogger("x").debug("not written")
    log_failure()
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["logger"], entry["message"]) == ("error", "some.module", "it failed")
    assert (entry["batch"], entry["device"]) == (1, "cuda:1")
    assert "ValueError: no\nway" in entry["traceback"]
    assert entry["time"].endswith("Z")


def test_a_traceback_stays_in_its_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "debug", device="cpu", pid=7)
    log_failure()
    (line,) = capsys.readouterr().err.splitlines()
    assert " error some.module it failed batch=1 device=cpu pid=7 " in line
    assert r"ValueError: no\nway" in line


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_less_severe_lines_are_left_out(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure(log_format, "warning")
    logging.getLogger("a").info("quiet")
    assert capsys.readouterr().err == ""


def test_what_is_no_json_is_written_as_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    logging.getLogger("a").info("é", extra=fields(path={1, 2}))
    line = capsys.readouterr().err
    assert json.loads(line)["path"] == "{1, 2}"
    assert "é" in line


def test_warnings_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure("text", "info")
        warnings.warn("look here", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "warning py.warnings" in (line := capsys.readouterr().err)
    assert "look here" in line


def test_of_a_kind_ten_lines_a_minute_are_written_and_the_rest_is_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure("text", "debug")
    log, now = logging.getLogger("some.module"), 1e9
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(time, "time_ns", lambda: int(1e9 * now))

    def knock(worker: int) -> None:
        log.warning("knock", extra=fields(worker=worker))

    for _ in range(100):
        knock(0)
        log.debug("a batch")
    knock(1)
    log.warning("something else")
    lines = capsys.readouterr().err.splitlines()
    assert sum("knock worker=0" in line for line in lines) == MOST_A_MINUTE
    assert sum("a batch" in line for line in lines) == 100
    assert [line.split(" ", 3)[3] for line in lines[-2:]] == ["knock worker=1", "something else"]
    now += 61
    for _ in range(2):
        knock(0)
    assert [line.split(" ", 3)[3] for line in capsys.readouterr().err.splitlines()] == [
        f"knock worker=0 left_out={100 - MOST_A_MINUTE}",
        "knock worker=0",
    ]
