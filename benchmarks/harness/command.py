"""The command line that all benchmarks share."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.harness.build import Build, builds_of
from benchmarks.harness.case import Case, Server
from benchmarks.harness.host import CallError
from benchmarks.harness.report import details_of, document, head, line_of, machine, summary
from benchmarks.harness.row import Measured, Row, rows_of
from benchmarks.harness.stage import Stage
from benchmarks.harness.turns import measure

__all__ = ["Cases", "Done", "need_jax", "parser", "run"]

Done: TypeAlias = list[tuple[Case, Measured, list[Row]]]
Cases: TypeAlias = Callable[[Stage], Iterable[Case]]
"""Lists the cases, once the servers run."""


def parser(doc: str | None, *, rounds: int, jax: bool = False) -> argparse.ArgumentParser:
    """The flags that all benchmarks have; a benchmark adds its own.

    Args:
        doc: what `--help` says.
        rounds: how many blocks there are by default.
        jax: whether JAX is one of the peers.
    """
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    made.add_argument("--rounds", type=int, default=rounds, help="blocks of calls of each side of a case")
    made.add_argument("--only", default="", help="part of a case's name: measure those alone")
    made.add_argument(
        "--old", type=Path, metavar="WORKTREE", help="another worktree whose build takes turns with this one"
    )
    made.add_argument(
        "--noise",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="run the old build twice, to see by how much equal things differ",
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write what was measured there too")
    if jax:
        made.add_argument(
            "--jax", metavar="PYTHON", default="", help="an interpreter that has jax; by default none is asked"
        )
    return made


def run(name: str, options: argparse.Namespace, servers: Mapping[str, Server], cases: Cases) -> Done:
    """Measures cases one after another, prints their rows, and writes them as JSON.

    Args:
        name: of the benchmark.
        options: what `parser` made of the command line.
        servers: what has to run.
        cases: what is measured.
    """
    builds: list[Build] = builds_of(options.old, noise=options.noise)
    done: Done = []
    print(_about(builds, machine()), flush=True)
    with Stage(builds, servers) as stage:
        told = stage.warm()
        for server, what in told.items():
            print(f"{server}: {what}")
        print(f"\n{head(beside_old=len(builds) > 1)}", flush=True)
        for case in cases(stage):
            if options.only in case.name:
                done += _measured(case, stage, options.rounds)
    print(f"\n{summary([row for *_, rows in done for row in rows])}")
    if options.json:
        options.json.write_text(json.dumps(document(name, builds, options.rounds, told, done), indent=1) + "\n")
    return done


def _measured(case: Case, stage: Stage, rounds: int) -> Done:
    try:
        measured = measure(case, stage, rounds)
    except CallError as error:
        print(f"{case.name} failed: {error}", file=sys.stderr)
        measured = {}
    rows = rows_of(case, measured)
    for text in (*map(line_of, rows), *details_of(case, measured)):
        print(text, flush=True)
    return [(case, measured, rows)]


def _about(builds: list[Build], on: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in on["packages"].items())
    which = ", ".join(f"{build.label}: {build.describe()}" for build in builds)
    return f"{on['processor']}, {on['cores']} cores, load {on['load']:.1f}; Python {on['python']}, {packages}\n{which}"


def need_jax(options: argparse.Namespace) -> None:
    """Says that goals against JAX are not measured, where it is not there."""
    if not options.jax:
        print("jax is not asked: give --jax PYTHON to see the goals against it", file=sys.stderr)
