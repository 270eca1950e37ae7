from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_server.config.settings import FLAGS, ServerSettings, parse

OPERATIONS = Path(__file__).parents[3] / "docs/operations.md"


def test_the_defaults_are_those_of_the_table() -> None:
    settings = parse([], {})
    assert all(getattr(settings, flag.field) == flag.default for flag in FLAGS)


def test_a_flag_wins_over_its_environment_variable() -> None:
    environment = {"GRIDGRAD_QUEUE_ENTRIES": "5", "GRIDGRAD_MESSAGE_BYTES": "2MiB"}
    settings = parse(["--queue-entries", "7"], environment)
    assert settings.queue_entries == 7
    assert settings.message_bytes == 2 << 20


def test_repeated_flags_gather_and_their_variable_is_a_list() -> None:
    listen = ["127.0.0.1:0", "unix:/tmp/a", "[::1]:5"]
    assert parse([part for each in listen for part in ("--listen", each)], {}).listen == tuple(listen)
    assert parse([], {"GRIDGRAD_LISTEN": ", ".join(listen)}).listen == tuple(listen)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--queue-entries", "0"], "--queue-entries is '0': it takes a whole number, 1 or more"),
        (["--queue-entries", "1.5"], "a whole number"),
        (["--queue-bytes", "many"], "a number of bytes such as"),
        (["--queue-bytes", "1GB"], "a number of bytes such as"),
        (["--piece-timeout", "0"], "a number of seconds over 0"),
        (["--drain-timeout", "nan"], "a number of seconds over 0"),
        (["--device", "tpu"], "one of auto, cpu, cuda"),
        (["--listen", "localhost"], "HOST:PORT"),
        (["--listen", "::1:50051"], "[IPV6]:PORT"),
        (["--listen", "localhost:70000"], "HOST:PORT"),
        (["--functions", "a-b"], "dotted name"),
        (["--tls-cert", "x.pem"], "--tls-cert and --tls-key go together"),
        (["--tls-cert", "x.pem", "--tls-key", "y.pem"], "x.pem is no file"),
        (["--tls-client-ca", "x.pem"], "needs --tls-cert"),
        (["--listen", "a:1", "--listen", "a:1"], "names an address twice"),
        (["--metrics", "unix:/tmp/m"], "--metrics is 'unix:/tmp/m': it takes HOST:PORT"),
        (["--metrics", "9464"], "HOST:PORT"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_right(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(arguments, {})
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_wrong_variable_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([], {"GRIDGRAD_WORKERS": "two"})
    assert "GRIDGRAD_WORKERS is 'two'" in capsys.readouterr().err


def test_settings_are_frozen_and_know_their_fields() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        ServerSettings().queue_entries = 3
    with pytest.raises(ValueError, match="no such setting: que"):
        ServerSettings(que=3)


def test_each_help_line_says_why_one_would_change_it_and_the_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")  # no flag is broken at its dashes
    with pytest.raises(SystemExit):
        parse(["--help"], {})
    shown = " ".join(capsys.readouterr().out.split())
    for flag in FLAGS:
        assert f"{' '.join(flag.help.split())}. Default: {flag.shown}" in shown
        assert len(flag.help) > 40


def test_the_table_of_flags_in_the_docs_is_current() -> None:
    rows = [f"| `--{flag.name}` | {flag.shown} | {flag.help} |" for flag in FLAGS]
    page = OPERATIONS.read_text()
    missing = [row for row in rows if row not in page]
    assert not missing, "put into docs/operations.md:\n" + "\n".join(rows)
