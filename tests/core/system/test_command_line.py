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
        (["serve", "--address", "h:1"], "No such option '--address'. Did you mean '--address-file'?"),
        (["serve", "--lsiten", "h:1"], "Did you mean '--listen'?"),
        (["serve", "--zzz"], "Did you mean '--"),
        (["serve", "-x"], "No such option '-x'. Write -- in front of an argument that starts with a minus sign."),
        (["stop", "-x"], "Did you mean '--help'?"),
        (["--col", "red", "stop"], "Did you mean '--colour'?"),
        (["stop", "--now"], "Did you mean '--help'?"),
        (["s"], "No such command 's'. Did you mean 'serve' or 'stop'? There are serve, stop."),
        (["tsop"], "Did you mean 'stop'?"),
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
    assert command_line.nearest("--batch-w", known) == ["--batch-wait"]
    assert command_line.nearest("--batch", known) == ["--batch-cost", "--batch-wait"]
    assert command_line.nearest("--peice-cost", known) == ["--piece-cost"]
    assert command_line.nearest("--b", ["--abc", "--batch-cost"]) == ["--batch-cost"]
