"""What the tests of the command line share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gridgrad.cli.main import main
from tests.client.fake import FakeServer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(server: FakeServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command against the fake server; gives its status, output and complaints."""
    pytest.importorskip("click")
    pytest.importorskip("rich")
    monkeypatch.setenv("GRIDGRAD_SERVER", server.address)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        return main(arguments), *capsys.readouterr()

    return run_command
