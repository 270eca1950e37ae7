"""Addresses and lists of them: what gRPC gets, and what is refused before it would misread it."""

from __future__ import annotations

from typing import Any

import pytest

from gridgrad.servers.addresses import HostAndPort, addresses_of, target_of
from gridgrad_core.errors import RequestError


@pytest.mark.parametrize("address", ["localhost:1", "[::1]:1", "unix:/tmp/s", "xds:///a", "ipv4:1.2.3.4:5"])
def test_one_address_is_as_grpc_takes_it(address: str) -> None:
    for given in (address, [address]):
        found = addresses_of(given)
        assert found == (address, (address,), address, (), False)


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("10.0.0.1:1,10.0.0.2:2", "ipv4:10.0.0.1:1,10.0.0.2:2"),
        (["10.0.0.1:1", "10.0.0.1:2"], "ipv4:10.0.0.1:1,10.0.0.1:2"),
        ("[::1]:1,[fe80::1%2]:2", "ipv6:[::1]:1,[fe80::1%252]:2"),
        ("[::1]:1, 127.0.0.1:2", "ipv6:[::1]:1,[::ffff:127.0.0.1]:2"),
        ("ipv4:127.0.0.1:1,127.0.0.1:2", "ipv4:127.0.0.1:1,127.0.0.1:2"),
    ],
)
def test_a_list_of_numbers_is_one_target(given: Any, target: str) -> None:
    found = addresses_of(given)
    assert found.target == target
    assert found.several
    assert not found.is_near
    assert len(found.listed) == 2


def test_names_in_a_list_are_to_be_looked_up() -> None:
    found = addresses_of(("a:1", "10.0.0.1:2"))
    assert (found.text, found.listed, found.target) == ("a:1,10.0.0.1:2", ("a:1", "10.0.0.1:2"), "")
    assert found.names == (HostAndPort("a", 1), HostAndPort("10.0.0.1", 2))


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("dns:///a:1", (HostAndPort("a", 1),)),
        ("dns:a:1", (HostAndPort("a", 1),)),
        ("dns:///a", ()),
        ("dns://8.8.8.8/a:1", ()),
    ],
)
def test_a_dns_name_may_be_several_servers(address: str, names: tuple[HostAndPort, ...]) -> None:
    assert addresses_of(address) == (address, (address,), address, names, True)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("", "host:port"),
        ([], "an empty list"),
        ("a:1,", "'' in the list"),
        (",", "'' in the list"),
        ("a:1,,b:2", "'' in the list"),
        ("a:1,b", "'b' in the list"),
        ("a:1,b:0", "'b:0' in the list"),
        ("a:1,b:70000", "'b:70000' in the list"),
        ("a:1,b:1,a:1", "'a:1' twice"),
        ("a:1;b:2", "commas between"),
        ("a:1 b:2", "commas between"),
        (["a:1,b:2", "c:3"], "'a:1,b:2' in the list"),
        (["a:1", "unix:/s"], "'unix:/s' in the list.*host:port for each"),
        (["a:1", "dns:///b:1"], "'dns:///b:1' in the list.*alone"),
        (["a:1", 2], "a int in the list"),
        ([None], "a NoneType in the list"),
        (50051, "a int"),
    ],
)
def test_a_bad_list_says_what_to_write(given: Any, complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint):
        addresses_of(given)


def test_the_target_of_addresses_that_were_looked_up() -> None:
    assert target_of([HostAndPort("::1", 1), HostAndPort("1.2.3.4", 2)]) == "ipv6:[::1]:1,[::ffff:1.2.3.4]:2"
