"""What compile processes are forked from: jobs, statuses and ends, each in a process of its own as in a worker."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

_BEGIN = """
import os, signal, subprocess, sys, tempfile, time
from pathlib import Path
import gridgrad_worker.engines.compiled.compile_template as module

def status_of(forked):
    while (status := forked.poll()) is None:
        time.sleep(0.005)
    return status

def launched(template, job, *arguments):
    given, said = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    given.write(job.encode())
    given.seek(0)
    return template.launch(arguments, given, said), said

def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True

def await_end(pid):
    while not is_gone(pid):
        time.sleep(0.005)
"""


def told(script: str) -> list[str]:
    """The lines that a script prints, which begins with one thread."""
    command = [sys.executable, "-c", _BEGIN + textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_a_fork_is_given_the_job_and_says_how_it_ended() -> None:
    script = """
        def main(arguments):
            print(*arguments, sys.stdin.read(), file=sys.stderr)
            return len(arguments)
        module.main = main
        template = module.CompileTemplate()
        for arguments in (["one"], ["one", "two"], []):
            forked, said = launched(template, "the job", *arguments)
            print(status_of(forked), forked.wait(), os.getpgid(0) != forked.pid)
            said.seek(0)
            print(said.read().decode().strip())
        template.close()
    """
    assert told(script) == ["1 1 True", "one the job", "2 2 True", "one two the job", "0 0 True", "the job"]


def test_what_fails_in_a_fork_says_so_and_the_next_one_is_well() -> None:
    script = """
        def main(arguments):
            if arguments == ["raise"]:
                raise RuntimeError("no use")
            if arguments == ["die"]:
                os.kill(os.getpid(), signal.SIGSEGV)
            return 0
        module.main = main
        template = module.CompileTemplate()
        for how in ("raise", "die", "end"):
            forked, said = launched(template, "", how)
            print(status_of(forked))
        template.close()
    """
    assert told(script) == ["1", "-11", "0"]


def test_a_fork_is_killed_with_all_that_it_has_started() -> None:
    script = """
        folder = Path(tempfile.mkdtemp())
        def main(arguments):
            child = subprocess.Popen(["sleep", "600"])
            (folder / "part").write_text(str(child.pid))
            (folder / "part").rename(folder / "child")
            return child.wait()
        module.main = main
        template = module.CompileTemplate()
        forked, _ = launched(template, "")
        while not (folder / "child").exists():
            time.sleep(0.005)
        child = int((folder / "child").read_text())
        print(forked.poll(), is_gone(child))
        os.killpg(forked.pid, signal.SIGKILL)
        print(forked.wait())
        await_end(child)
        (folder / "child").unlink()
        folder.rmdir()
        template.close()
        print(is_gone(template.pid))
    """
    assert told(script) == ["None False", "-9", "True"]


def test_where_the_template_is_gone_a_python_of_its_own_is_started() -> None:
    script = """
        module.launch_python = lambda arguments, stdin, stderr: (arguments, stdin.read())
        template = module.CompileTemplate()
        os.kill(template.pid, signal.SIGKILL)
        await_end(template.pid)
        for _ in range(2):
            print(launched(template, "the job", "one")[0])
        template.close()
    """
    assert told(script) == ["(('one',), b'the job')"] * 2


def test_a_fork_whose_template_is_killed_counts_as_killed() -> None:
    script = """
        module.main = lambda arguments: time.sleep(600)
        template = module.CompileTemplate()
        forked, _ = launched(template, "")
        os.kill(template.pid, signal.SIGKILL)
        print(status_of(forked))
        await_end(forked.pid)
    """
    assert told(script) == ["-9"]


@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_with_the_process_that_made_it(busy: bool) -> None:
    script = f"""
        module.main = lambda arguments: time.sleep(600)
        pid = os.fork()
        if not pid:
            template = module.CompileTemplate()
            pids = [template.pid] + ([launched(template, "")[0].pid] if {busy} else [])
            print(*pids, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
    """
    (pids,) = told(script)
    told(f"for pid in {[int(pid) for pid in pids.split()]}: await_end(pid)")
