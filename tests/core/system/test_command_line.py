"""Command lines: nothing is abbreviated, and what does not exist is answered with the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import click

    from gridgrad_core.system import command_line
else:
    click = pytest.importorskip("click")
    command_line = pytest.importorskip("gridgrad_core.system.command_line")


@pytest.fixture
def tool() -> click.Group:
    """A tool with a flag and two sub-commands."""

    @click.group(cls=command_line.Group)
    @click.option("--colour")
    def tool(colour: str | None) -> None:
        """Does something."""

    @tool.command()
    @click.option("--address-file")
    @click.option("--listen")
    @click.argument("what", required=False)
    def serve(address_file: str | None, listen: str | None, what: str | None) -> list[str | None]:
        return [address_file, listen, what]

    @tool.command()
    def stop() -> None:
        """Stops."""

    return tool


def run(tool: click.Group, *arguments: str) -> object:
    return tool.main(list(arguments), prog_name="tool", standalone_mode=False)


def test_what_is_written_out_is_taken(tool: click.Group) -> None:
    assert run(tool, "serve", "--address-file", "f", "--listen=a:1", "--", "-x") == ["f", "a:1", "-x"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--address", "h:1"], "no such option: --address; the nearest is --address-file, and none may be"),
        (["serve", "--lsiten", "h:1"], "the nearest is --listen"),
        (["serve", "--zzz"], "the nearest is --"),
        (["serve", "-x"], "no such option: -x; write -- in front of an argument that starts with a minus sign"),
        (["--col", "red", "stop"], "the nearest is --colour"),
        (["stop", "--now"], "the nearest is --help"),
        (["ser"], "no such command: ser; the nearest is serve; there are serve, stop"),
        (["tsop"], "the nearest is stop"),
    ],
    ids=" ".join,
)
def test_what_does_not_exist_is_answered_with_the_nearest(tool: click.Group, arguments: list[str], said: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        run(tool, *arguments)
    assert said in caught.value.format_message()
    assert caught.value.exit_code == 2


def test_what_begins_so_is_nearer_than_what_looks_so() -> None:
    known = ["--piece-cost", "--batch-cost", "--batch-wait"]
    assert command_line.nearest("--batch-w", known) == "--batch-wait"
    assert command_line.nearest("--peice-cost", known) == "--piece-cost"
    assert command_line.nearest("--b", ["--abc", "--batch-cost"]) == "--batch-cost"
