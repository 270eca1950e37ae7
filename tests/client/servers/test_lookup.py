"""Looking names up: all addresses of all, what is missing, and when to look again."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gridgrad.servers import lookup
from gridgrad.servers.addresses import HostAndPort
from gridgrad.servers.lookup import NameLookup, NamesUnknown, numbers_of_names

GONE = HostAndPort("nobody.invalid", 1)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A resolver of its own: names to their addresses."""
    known: dict[str, list[str]] = {}

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def test_all_addresses_of_all_names_each_once(names: dict[str, list[str]]) -> None:
    names |= {"a": ["10.0.0.1", "10.0.0.2"], "b": ["10.0.0.2", "10.0.0.3"]}
    asked = [HostAndPort("a", 1), GONE, HostAndPort("b", 1)]
    assert [number for number, _ in numbers_of_names(asked)] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_a_name_of_this_machine() -> None:
    assert HostAndPort("127.0.0.1", 5) in numbers_of_names([HostAndPort("localhost", 5)])


@pytest.mark.parametrize("name", [GONE, HostAndPort("a" * 70 + ".b", 1)])
def test_names_without_any_address(name: HostAndPort) -> None:
    with pytest.raises(NamesUnknown, match=name.host):
        numbers_of_names([name])
    with pytest.raises(NamesUnknown):
        numbers_of_names([])


def test_one_caller_looks_again_and_each_time_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    names = NameLookup([GONE])
    assert not names.take_turn(), "nobody suspects them"
    for pause_s in (1.0, 2.0, 4.0):
        names.suspect()
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(lambda _: names.take_turn(), range(8))) == 1
        names.suspect()
        now[0] += 0.99 * pause_s
        assert not names.take_turn()
        now[0] += 0.02 * pause_s
    names.moved()
    assert names.take_turn()
    names.suspect()
    now[0] += 1.01 * lookup.FIRST_PAUSE_S
    assert names.take_turn()
