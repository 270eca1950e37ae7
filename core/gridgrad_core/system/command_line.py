"""What both command lines have beyond click: a flag or sub-command that does not exist is answered with the nearest.

Nothing may be abbreviated, since an abbreviation changes its meaning when a flag is added.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import click
else:
    click = optional("click", "cli")

__all__ = ["Command", "Group", "nearest"]


def nearest(given: str, known: Iterable[str]) -> list[str]:
    """The names that may have been meant: those that begin as what was given, else the one most like it.

    Args:
        given: what was given.
        known: the names that there are, at least one.
    """
    from difflib import get_close_matches

    names = list(known)
    return [name for name in names if name.startswith(given)] or get_close_matches(given, names, n=1, cutoff=0)


class Command(click.Command):
    """A command that names the nearest of its flags where one does not exist."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the command line.

        Raises:
            UsageError: it is wrong; says what to write.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise click.UsageError(self._explained(error.option_name, ctx), ctx) from error

    def _explained(self, given: str, ctx: click.Context) -> str:
        params = self.get_params(ctx)
        if not given.startswith("--") and any(isinstance(each, click.Argument) for each in params):
            return f"No such option {given!r}. Write -- in front of an argument that starts with a minus sign."
        flags = [flag for each in params for flag in (*each.opts, *each.secondary_opts) if flag.startswith("-")]
        return f"No such option {given!r}. Did you mean {_either(nearest(given, flags))}?"


class Group(Command, click.Group):
    """A command with sub-commands, which names the nearest where one does not exist."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the sub-command.

        Raises:
            UsageError: there is none of that name; says which there are.
        """
        if not (ctx.resilient_parsing or args[0].startswith("-") or self.get_command(ctx, args[0])):
            names = self.list_commands(ctx)
            meant = f"Did you mean {_either(nearest(args[0], names))}?"
            raise click.UsageError(f"No such command {args[0]!r}. {meant} There are {', '.join(names)}.", ctx)
        return super().resolve_command(ctx, args)


def _either(names: Iterable[str]) -> str:
    return " or ".join(map(repr, names))
