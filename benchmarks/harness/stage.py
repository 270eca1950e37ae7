"""What runs while a benchmark measures: servers and child processes of each build, all at the same time."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.harness.build import NEW, Build
from benchmarks.harness.case import Server, Side
from benchmarks.harness.host import Host, open_host
from benchmarks.harness.processes import Served, serve

__all__ = ["Stage"]


class Stage:
    """The servers and child processes of a run; a context manager.

    Args:
        builds: the builds that take turns.
        servers: by name; those that others need the address of come first.
    """

    def __init__(self, builds: Sequence[Build], servers: Mapping[str, Server]) -> None:
        self.builds = list(builds)
        self._declared = servers
        self._stack = contextlib.ExitStack()
        self._served: dict[tuple[str, str], Served] = {}
        self._hosts: dict[tuple[object, ...], Host] = {}

    def __enter__(self) -> Stage:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gridgrad-bench-")))
            for build in self.builds:
                for name, server in self._declared.items():
                    self._start(stack, build, name, server, folder)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _start(self, stack: contextlib.ExitStack, build: Build, name: str, server: Server, folder: Path) -> None:
        if not server.of_build:
            build = self.new
        if (build.label, name) in self._served:
            return
        addresses = {
            other: each.address for (label, other), each in self._served.items() if label in (build.label, NEW)
        }
        # A cache of its own, so that no build finds what another run left there
        variables = {"GRIDGRAD_CACHE": str(folder / build.label.replace(" ", "-")), **build.environment}
        variables |= {key: value.format_map(addresses) for key, value in server.environment.items()}
        flags = [flag.format_map(addresses) for flag in server.flags]
        self._served[build.label, name] = stack.enter_context(serve(server.module, flags, environment=variables))

    @property
    def new(self) -> Build:
        """This worktree."""
        return next(build for build in self.builds if build.label == NEW)

    def builds_for(self, side: Side) -> list[Build]:
        """Where a side runs."""
        return self.builds if side.kind == "ours" else [self.new]

    def served(self, build: Build, name: str) -> Served:
        """The server of a name that a build's calls go to."""
        return self._served[build.label if self._declared[name].of_build else NEW, name]

    def warm(self) -> dict[str, Any]:
        """Calls what warms the servers up; gives what that tells, by build and server."""
        told = {}
        for build in self.builds:
            for name, server in self._declared.items():
                if server.warm and (server.of_build or build.label == NEW):
                    told[f"{name} ({build.label})"] = self.ask(server.warm, build=build, server=name)
        return told

    def ask(self, call: str, *, build: Build | None = None, server: str = "", **arguments: Any) -> Any:
        """Calls a function ("module:function") once in a child process of a build, by default of this one."""
        at = build or self.new
        if server:
            arguments["address"] = self.served(at, server).address
        return self._host((at.label, "client"), at).ask(call, arguments)

    def hosts(self, build: Build, side: Side) -> list[Host]:
        """The child processes that make the calls of a side."""
        shared = side.host or ("client" if side.kind == "ours" else "peer")
        key = (build.label, shared, side.python, *sorted(side.environment.items()))
        return [self._host((*key, number), build, side) for number in range(side.processes)]

    def _host(self, key: tuple[object, ...], build: Build, side: Side | None = None) -> Host:
        if key not in self._hosts:
            variables = {**build.environment, **(side.environment if side else {})}
            python = {"python": side.python} if side and side.python else {}
            self._hosts[key] = self._stack.enter_context(open_host(variables, **python))
        return self._hosts[key]
