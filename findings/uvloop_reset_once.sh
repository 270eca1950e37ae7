#!/usr/bin/env bash
# uvloop 0.23.0: a callback of loop.add_reader is called once for a unix socket that the other end has closed with
# something unread, even if data are left in front of the reset. A callback that reads once for each call, which asyncio's
# own loop calls again until it has seen the end, never learns of it, and what it waits for never ends.
#
# Observed: asyncio's loop calls twice, for the data and for ConnectionResetError; uvloop calls once, for the data.
# What to do instead: in a loop that is not asyncio's, read until BlockingIOError each time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -q --disable-pip-version-check uvloop==0.23.0
"$folder/env/bin/python" - <<'PYTHON'
import asyncio
import socket
import sys

import uvloop


async def seen():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.setblocking(False)
    loop, events = asyncio.get_running_loop(), []

    def readable():
        try:
            events.append(ours.recv(100).decode())
        except OSError as error:
            events.append(type(error).__name__)
            loop.remove_reader(ours)

    ours.send(b"unread")
    theirs.send(b"data")
    theirs.close()
    loop.add_reader(ours, readable)
    await asyncio.sleep(0.5)
    loop.remove_reader(ours)
    try:
        rest = ours.recv(100).decode()
    except OSError as error:
        rest = type(error).__name__
    ours.close()
    return events, rest


results = {}
for name, factory in (("asyncio", asyncio.new_event_loop), ("uvloop", uvloop.new_event_loop)):
    with asyncio.Runner(loop_factory=factory) as runner:
        results[name] = runner.run(seen())
    print(f"{name}: the callback saw {results[name][0]}, a further recv got {results[name][1]!r}")
expected = results["uvloop"] == (["data"], "ConnectionResetError") and results["asyncio"][0] == ["data", "ConnectionResetError"]
sys.exit(not expected)
PYTHON
