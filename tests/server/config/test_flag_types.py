"""What each type of setting takes, and what it says of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from gridgrad_server.config.flag_types import Address, Bytes, Count, Module, Paths, Seconds, TcpAddress


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Count(1), "7", 7),
        (Count(0), "+0", 0),
        (Bytes(), "512", 512),
        (Bytes(), " 2KiB ", 2 << 10),
        (Bytes(), "3m", 3 << 20),
        (Bytes(), "1GiB", 1 << 30),
        (Seconds(), "0.5", 0.5),
        (Seconds(), "1e3", 1000.0),
        (Address(), "[::1]:50051", "[::1]:50051"),
        (Address(), "unix:/run/s", "unix:/run/s"),
        (TcpAddress(), "localhost:0", "localhost:0"),
        (Module(), "package.module", "package.module"),
        (Module(), "package.module:Net", "package.module:Net"),
        (Module(), "a-b/", "a-b/"),
        (Module(), "a-b.pt2", "a-b.pt2"),
        (Paths(), "a/b.toml", Path("a/b.toml")),
    ],
)
def test_what_is_right_becomes_a_value(kind: click.ParamType[Any], text: str, value: object) -> None:
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text", "takes"),
    [
        (Count(1), "0", "1 or more"),
        (Count(0), "-1", "0 or more"),
        (Count(1), "1.5", "a whole number"),
        (Bytes(), "1GB", "such as 67108864, 64MiB"),
        (Bytes(), "0", "such as 67108864, 64MiB"),
        (Seconds(), "nan", "over 0"),
        (Seconds(), "soon", "over 0"),
        (Address(), "unix:", "unix:/PATH"),
        (Address(), "localhost", "HOST:PORT"),
        (Address(), "::1:50051", "[IPV6]:PORT"),
        (Address(), "localhost:70000", "HOST:PORT"),
        (TcpAddress(), "unix:/run/s", "HOST:PORT"),
        (Module(), "a-b", "dotted name"),
        (Module(), "a:b-c", "dotted name"),
        (Paths(), "", "the path of a file"),
    ],
)
def test_what_is_wrong_is_refused_with_what_would_be_right(kind: click.ParamType[Any], text: str, takes: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        kind.convert(text, None, None)
    assert takes in refused.value.message
    assert repr(text) in refused.value.message


def test_defaults_stay_as_they_are() -> None:
    assert Count(1).convert(5, None, None) == 5


def test_lists_in_variables_are_split_at_commas() -> None:
    assert Address().split_envvar_value(" a:1 , ,unix:/s,") == ["a:1", "unix:/s"]
