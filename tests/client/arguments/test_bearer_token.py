from __future__ import annotations

import pytest

import gridgrad
import gridgrad.aio
from gridgrad.arguments.bearer_token import bearer, token_of

FAR = "gridgrad.example.com:50051"
TOKEN = "secret"  # noqa: S105 - of nobody


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRIDGRAD_TOKEN", raising=False)


@pytest.mark.parametrize("wrong", ["", " ", "a b", "a\nb", "é", b"bytes", 7, None])
def test_what_is_no_token_is_not_shown(wrong: object) -> None:
    with pytest.raises(gridgrad.RequestError, match="is no token") as refused:
        bearer(wrong)
    assert "a\nb" not in str(refused.value)


def test_the_header_of_a_token() -> None:
    assert bearer("gridgrad_a-b.c~d+/=\n") == ("authorization", "Bearer gridgrad_a-b.c~d+/=")


@pytest.mark.parametrize("kind", [gridgrad.Client, gridgrad.aio.Client])
def test_a_token_goes_to_no_other_host_in_the_clear(
    kind: type[gridgrad.Client] | type[gridgrad.aio.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (FAR, f"localhost:1,{FAR}", "dns:///localhost:1", ["10.0.0.1:1", "127.0.0.1:1"]):
        with pytest.raises(gridgrad.RequestError, match=r"no TLS.*token_in_clear=True") as refused:
            kind(address, token=TOKEN)
        assert "secret" not in str(refused.value)
    monkeypatch.setenv("GRIDGRAD_TOKEN", "secret")
    with pytest.raises(gridgrad.RequestError, match="GRIDGRAD_TOKEN: a token for another host"):
        kind(FAR)
    kind(FAR, token=None)
    kind(FAR, token_in_clear=True)


@pytest.mark.parametrize("near", ["localhost:1", "127.0.0.1:1", "[::1]:1", "unix:/tmp/s", "127.0.0.1:1,127.0.0.1:2"])
def test_on_this_machine_it_may(near: str) -> None:
    with gridgrad.Client(near, token=TOKEN) as client:
        assert client._settings.token == TOKEN
        assert "secret" not in repr(client)


def test_the_environment_counts_where_nothing_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"is_closed": True, "in_clear": False}
    assert token_of("default", is_default=True, **asked) is None
    monkeypatch.setenv("GRIDGRAD_TOKEN", "secret")
    assert token_of("default", is_default=True, **asked) == "secret"
    assert token_of("other", is_default=False, **asked) == "other"
    assert token_of(None, is_default=False, **asked) is None


def test_a_header_that_is_given_by_hand_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_TOKEN", "secret")
    with gridgrad.Client(FAR, metadata={"Authorization": "Bearer own"}) as client:
        assert client._settings.token is None
    with pytest.raises(gridgrad.RequestError, match="one of the two"):
        gridgrad.Client("localhost:1", metadata={"authorization": "Bearer own"}, token=TOKEN)
