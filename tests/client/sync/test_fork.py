"""A process forked from one with a client is told to make its own; that one works, and so does the parent's."""

from __future__ import annotations

import subprocess
import sys

from tests.client.fake import FakeServer

NEVER_S = 60.0

FORKING = """
import os, sys
import gridgrad

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}

def ask(client):
    return client.gradient("t*k", AXES).value.tolist()

def told(client):
    try:
        ask(client)
    except gridgrad.RequestError as error:
        return "after the fork" in str(error)

def in_child():
    own = told(client)
    with gridgrad.Client(sys.argv[1]) as another:
        return own and ask(another) == before

client = gridgrad.Client(sys.argv[1])
before = ask(client)
for _ in range(2):
    child = os.fork()
    if not child:
        sys.exit(0 if in_child() else 1)  # an ordinary exit, with the parent's client among what is left
    assert os.waitpid(child, 0)[1] == 0
    assert ask(client) == before
client.close()
print("well")
"""


def test_a_forked_process_makes_a_client_of_its_own(server: FakeServer) -> None:
    command = [sys.executable, "-c", FORKING, server.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=NEVER_S, check=False)
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr
