"""The jobs for Slurm: each has servers for as long as its program runs, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.harness import PATIENCE_S

SLURM = Path(__file__).parents[2] / "deploy" / "slurm"
COMMANDS = {
    # Starts a task for each node, all of them here, and hands on the signal by which it is ended
    "srun": """#!/bin/sh
while [ "${1#--}" != "$1" ]; do shift; done
tasks=
trap 'kill $tasks; wait; exit 143' TERM
for SLURM_PROCID in $(seq 0 $((SLURM_JOB_NUM_NODES - 1))); do
    export SLURM_PROCID
    "$@" &
    tasks="$tasks $!"
done
for task in $tasks; do wait "$task" || exit 1; done
""",
    "hostname": "#!/bin/sh\necho 127.0.0.1\n",
}
PROGRAM = """
import gridgrad
with gridgrad.Client() as client:
    for address in client.addresses:
        with gridgrad.Client(address) as alone:
            print(alone.gradient("x**2", {"x": [3.0]}).value.item())
raise SystemExit(3)
"""
SERVERS = {"batch_job.sh": 1, "several_nodes.sh": 2}


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder of commands such as Slurm's, where all nodes are this machine."""
    folder = tmp_path / "commands"
    folder.mkdir()
    for name, text in COMMANDS.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a job may write."""
    made = tmp_path / "job"
    made.mkdir()
    return made


def run(
    script: str, program: str, folder: Path, commands: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs a program as a job of two nodes."""
    path = os.pathsep.join((str(commands), str(Path(sys.executable).parent), os.environ["PATH"]))
    slurm = {"SLURM_SUBMIT_DIR": str(folder), "SLURM_JOB_NUM_NODES": "2", "TMPDIR": str(folder)}
    return subprocess.run(
        [str(SLURM / script), sys.executable, "-c", program],
        env={**os.environ, **slurm, "PATH": path, "GRIDGRAD_DEVICE": "cpu", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.mark.parametrize("script", SERVERS)
def test_a_job_has_servers_of_its_own_and_ends_as_its_program_does(script: str, folder: Path, commands: Path) -> None:
    done = run(script, PROGRAM, folder, commands)
    assert (done.returncode, done.stdout) == (3, "9.0\n" * SERVERS[script]), done.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize("script", SERVERS)
def test_a_job_whose_server_does_not_start_ends(script: str, folder: Path, commands: Path) -> None:
    done = run(script, "print('not reached')", folder, commands, GRIDGRAD_QUEUE_ENTRIES="none")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Invalid value for GRIDGRAD_QUEUE_ENTRIES: 'none'" in done.stderr
    assert "server did not start" in done.stderr
    assert not list(folder.iterdir())
