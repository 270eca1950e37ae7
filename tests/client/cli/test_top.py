"""The command `gridgrad top` where it prints, and how it goes on when a server is away."""

from __future__ import annotations

import io

import pytest

import gridgrad
from gridgrad.cli import top
from gridgrad_core import errors
from tests.client.fake import FakeServer, Times
from tests.client.statuses import BUSY, EMPTY, looks


class ThreeLooks(io.StringIO):
    """A file that has enough after three looks."""

    def flush(self) -> None:
        if self.getvalue().count("computed  ") >= 2 and self.getvalue().endswith("\n\n"):  # after what nobody answered
            raise KeyboardInterrupt


def test_an_absent_server_is_waited_for(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, EMPTY, BUSY)

    def nobody() -> gridgrad.ServerStatus:
        raise errors.UnavailableError("", "nobody is there", "start it")

    look = Times(1, client.server_status, Times(1, nobody, client.server_status))
    out = ThreeLooks()
    with pytest.raises(KeyboardInterrupt):
        top.watch({"here": look}, 0.01, once=False, out=out)
    message, *shown = out.getvalue().split("\n\n")
    assert message == "nobody is there; start it; looking again every 0.01 s"
    assert "RESOURCE_EXHAUSTED" in shown[0]
    assert any("requests  0/s" in part for part in shown[1:])


def test_one_that_is_not_there_at_first_is_an_error() -> None:
    def nobody() -> gridgrad.ServerStatus:
        raise errors.UnavailableError("", "nobody is there", "start it")

    with pytest.raises(errors.UnavailableError):
        top.watch({"here": nobody}, 0.01, once=False, out=io.StringIO())


def test_several_are_shown_below_each_other_though_one_is_away(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, EMPTY, BUSY)

    def nobody() -> gridgrad.ServerStatus:
        raise errors.UnavailableError("", "nobody is there", "start it")

    out = io.StringIO()
    top.watch({"here": client.server_status, "there": nobody}, 0.01, once=True, out=out)
    assert "RESOURCE_EXHAUSTED" in out.getvalue()
    assert "nobody is there; start it; looking again every 0.01 s" in out.getvalue()
