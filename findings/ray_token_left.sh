#!/usr/bin/env bash
# Ray 2.60.0: whether `ray start --head` asks who joins for a token depends on a file that another program has left in the
# home, and `ray.init("HOST:PORT")` on the same machine, in the same home, shows none.
#
# Observed: in an empty home `ray start --head` makes a cluster that everyone may join by its address. Then any script
# calls `ray.init()`, which leaves ~/.ray/auth_token. The same `ray start --head` now makes a cluster that refuses the
# same `ray.init(address)`: it tries for a minute and says that it failed to connect, not why.
# What to do instead: set RAY_AUTH_MODE=token (or disabled) wherever Ray is started and joined.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -q --disable-pip-version-check ray==2.60.0
mkdir "$folder/home"
env -i HOME="$folder/home" PATH="$folder/env/bin:/usr/bin:/bin" RAY_USAGE_STATS_ENABLED=0 \
  "$folder/env/bin/python" - "$folder" <<'PYTHON'
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

folder = sys.argv[1]
token = Path.home() / ".ray" / "auth_token"
JOIN = "import ray, sys; ray.init(sys.argv[1], logging_level='error'); print('joined')"
ALONE = "import ray, sys; ray.init(num_cpus=1, include_dashboard=False, _temp_dir=sys.argv[1], logging_level='error')"


def run(*command, **variables):
    asked = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables}, timeout=300)
    return asked.returncode, asked.stdout + asked.stderr


def of(mark):
    """The processes that were started with a variable."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:
            pass


def joined(number, **variables):
    """Whether a process joins a cluster that `ray start --head` has made."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mark = f"{folder}-{number}"
    flags = ["--head", f"--port={port}", "--num-cpus=1", "--include-dashboard=false", f"--temp-dir={folder}/ray{number}"]
    status, said = run("ray", "start", *flags, MARK=mark)
    assert status == 0, said
    try:
        return "joined" in run(sys.executable, "-c", JOIN, f"127.0.0.1:{port}", **variables)[1]
    finally:
        for pid in of(f"MARK={mark}"):
            os.kill(pid, signal.SIGKILL)


assert not token.exists()
before = joined(1)
status, said = run(sys.executable, "-c", ALONE, f"{folder}/ray2")
assert status == 0, said
left = token.exists()
after, told = joined(3), joined(4, RAY_AUTH_MODE="token")
print(f"joins a cluster of ray start in an empty home: {before}; ray.init() leaves a token: {left}")
print(f"joins one made by the same command then: {after}; with RAY_AUTH_MODE=token: {told}")
sys.exit((before, left, after, told) != (True, True, False, True))
PYTHON
