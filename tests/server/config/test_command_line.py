"""The command line: flags over variables, and what is said of a setting that is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from gridgrad_core.version import __version__
from gridgrad_server.config.command_line import COMMAND, parse
from gridgrad_server.config.settings import FLAGS, ServerSettings


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for flag in FLAGS:
        monkeypatch.delenv(flag.variable, raising=False)


def test_nothing_said_is_the_defaults() -> None:
    assert vars(parse([])) == vars(ServerSettings())


def test_a_flag_wins_over_its_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_QUEUE_ENTRIES", "5")
    monkeypatch.setenv("GRIDGRAD_MESSAGE_BYTES", "2MiB")
    settings = parse(["--queue-entries", "7"])
    assert settings.queue_entries == 7
    assert settings.message_bytes == 2 << 20


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_QUEUE_ENTRIES", "")
    monkeypatch.setenv("GRIDGRAD_LISTEN", "")
    assert vars(parse([])) == vars(ServerSettings())


def test_repeated_flags_gather_and_their_variable_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    listen = ["127.0.0.1:0", "unix:/tmp/a", "[::1]:5"]
    assert parse([part for each in listen for part in ("--listen", each)]).listen == tuple(listen)
    monkeypatch.setenv("GRIDGRAD_LISTEN", ", ".join(listen) + ",")
    assert parse([]).listen == tuple(listen)
    assert parse(["--expressions", "a.toml", "--expressions", "b"]).expressions == (Path("a.toml"), Path("b"))


@pytest.mark.parametrize(("said", "compiles"), [("0", False), ("off", False), ("YES", True), ("true", True)])
def test_switches_are_said_by_words_in_variables(monkeypatch: pytest.MonkeyPatch, said: str, compiles: bool) -> None:
    monkeypatch.setenv("GRIDGRAD_COMPILE", said)
    assert parse([]).compile is compiles
    assert parse(["--no-compile"]).compile is False
    assert parse(["--compile"]).compile is True


def test_values_have_the_types_of_the_settings() -> None:
    settings = parse(["--cache", "c", "--cache-bytes", "1GiB", "--piece-timeout", "2.5", "--functions", "a.b"])
    assert (settings.cache, settings.cache_bytes, settings.piece_timeout) == (Path("c"), 1 << 30, 2.5)
    assert settings.functions == ("a.b",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--queue-entries", "0"], "--queue-entries: '0': it takes a whole number, 1 or more"),
        (["--queue-entries", "1.5"], "a whole number"),
        (["--queue-bytes", "many"], "a number of bytes such as"),
        (["--queue-bytes", "1GB"], "a number of bytes such as"),
        (["--piece-timeout", "0"], "a number of seconds over 0"),
        (["--drain-timeout", "nan"], "a number of seconds over 0"),
        (["--device", "tpu"], "not one of 'auto', 'cpu', 'cuda'"),
        (["--listen", "localhost"], "HOST:PORT"),
        (["--listen", "::1:50051"], "[IPV6]:PORT"),
        (["--listen", "localhost:70000"], "HOST:PORT"),
        (["--functions", "a-b"], "dotted name"),
        (["--tls-cert", "x.pem"], "--tls-cert and --tls-key go together"),
        (["--tls-cert", "x.pem", "--tls-key", "y.pem"], "x.pem is no file"),
        (["--tls-client-ca", "x.pem"], "needs --tls-cert"),
        (["--address-file", "/nowhere/at/all"], "there is no folder /nowhere/at: make it"),
        (["--address-file", "/proc/address"], "nothing can be written in /proc"),
        (["--listen", "a:1", "--listen", "a:1"], "names an address twice"),
        (["--metrics", "unix:/tmp/m"], "--metrics: 'unix:/tmp/m': it takes HOST:PORT"),
        (["--metrics", "9464"], "HOST:PORT"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_right(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(arguments)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_wrong_variable_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_WORKERS", "two")
    with pytest.raises(SystemExit):
        parse([])
    assert "GRIDGRAD_WORKERS: 'two': it takes a whole number" in capsys.readouterr().err


FLAG_NAMES = [name for flag in FLAGS for name in (*flag.opts, *flag.secondary_opts)]


@pytest.mark.parametrize("name", FLAG_NAMES)
def test_no_flag_may_be_abbreviated_and_what_exists_is_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for short in {name[:-1], name.rpartition("-")[0]} - {*FLAG_NAMES, "-", "--", "--no"}:
        with pytest.raises(SystemExit) as stopped:
            parse([short, "1"])
        assert stopped.value.code == 2
        assert f"No such option '{short}'" in (said := capsys.readouterr().err)
        assert name in said


def test_a_flag_like_no_other_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--lisen", "localhost:1"])
    assert "Did you mean '--listen'?" in capsys.readouterr().err


def test_an_address_is_not_taken_for_the_name_of_a_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gridgrad_server", "--address", "localhost:0"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 2
    assert "No such option '--address'. Did you mean '--address-file'?" in done.stderr
    assert not list(tmp_path.iterdir())


def test_each_help_line_says_why_one_would_change_it_and_the_default() -> None:
    context = click.Context(COMMAND, terminal_width=1000, max_content_width=1000)  # no flag is broken at its dashes
    shown = " ".join(COMMAND.get_help(context).split())
    for flag in FLAGS:
        assert f"{' '.join(flag.why.split())}. Default: {flag.shown}. Or {flag.variable}" in shown
        assert len(flag.why) > 40


def test_help_and_version_are_shown_and_nothing_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    for argument, shown in (("--help", "--queue-entries"), ("-h", "--queue-entries"), ("--version", __version__)):
        with pytest.raises(SystemExit) as stopped:
            parse([argument])
        assert stopped.value.code == 0
        assert shown in capsys.readouterr().out
