"""Hosts and origins that are known, and those that are not."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import ForbiddenError
from gridgrad_server.http.origins import KnownOrigins


def scope(*headers: tuple[str, str], scheme: str = "http") -> dict[str, object]:
    return {"headers": [(name.encode(), value.encode()) for name, value in headers], "scheme": scheme}


def test_an_address_that_is_listened_on_is_known_but_not_that_of_any() -> None:
    KnownOrigins("10.0.0.1:80", (), ()).check(scope(("host", "10.0.0.1:80")))
    KnownOrigins("[fe80::1]:80", (), ()).check(scope(("host", "[FE80::1]:80")))
    with pytest.raises(ForbiddenError, match="--http-host"):
        KnownOrigins("0.0.0.0:80", (), ()).check(scope(("host", "0.0.0.0:80")))


@pytest.mark.parametrize("headers", [(), (("host", "localhost"), ("host", "localhost"))])
def test_a_request_names_one_host(headers: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ForbiddenError, match="host"):
        KnownOrigins("localhost:80", (), ()).check(scope(*headers))


def test_an_origin_is_the_same_with_its_scheme_and_port_or_named() -> None:
    known = KnownOrigins("localhost:80", (), ("https://App.example",))
    known.check(scope(("host", "localhost:80"), ("origin", "http://localhost:80")))
    known.check(scope(("host", "localhost:80"), ("origin", "https://app.example")))
    for origin in (
        "https://localhost:80",
        "http://localhost:81",
        "http://localhost",
        "null",
        "https://app.example.org",
    ):
        with pytest.raises(ForbiddenError, match="--http-origin"):
            known.check(scope(("host", "localhost:80"), ("origin", origin)))
