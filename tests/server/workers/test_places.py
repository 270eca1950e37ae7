"""Where workers run: on this machine, in a cluster, or both."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from gridgrad_core.errors import MissingExtraError
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.workers import places
from gridgrad_server.workers.places import aside_place, places_of
from gridgrad_server.workers.transports.local_transport import LocalPlace


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "find_spec", lambda _: "there")


@pytest.mark.parametrize(
    ("flags", "kinds"),
    [
        ({"workers": 2}, ["LocalPlace"] * 2),
        ({"workers": 2, "ray": "head:6379"}, ["RayPlace"] * 2),
        ({"max_workers": 3}, ["LocalPlace"] * 3),
        (
            {"max_workers": 2, "min_workers": 0, "ray": "head:6379", "local_workers": 1},
            ["LocalPlace"] + ["RayPlace"] * 2,
        ),
        ({"workers": 1, "ray": "head:6379", "local_workers": 2}, ["LocalPlace"] * 2 + ["RayPlace"]),
    ],
)
def test_each_worker_has_its_place(flags: dict[str, Any], kinds: list[str]) -> None:
    made = places_of(ServerSettings(device="cpu", **flags))
    assert [type(place).__name__ for place in made] == kinds
    assert all("--device" in place.command for place in made if isinstance(place, LocalPlace))


@pytest.mark.parametrize(("said", "count"), [("print(5)", 5), ("print('no cluster')", 1), ("raise SystemExit(3)", 1)])
def test_auto_takes_what_the_cluster_has_room_for(monkeypatch: pytest.MonkeyPatch, said: str, count: int) -> None:
    monkeypatch.setattr(places, "bridge_command", lambda *_: [sys.executable, "-c", said])
    assert len(places_of(ServerSettings(ray="head:6379"))) == count


def test_the_extra_is_named_where_ray_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"gridgrad\[ray\]"):
        places_of(ServerSettings(ray="head:6379"))


@pytest.mark.parametrize(
    ("flags", "is_there"),
    [({}, True), ({"max_workers": 3}, True), ({"engine": "functional"}, False), ({"ray": "head:6379"}, False)],
)
def test_a_place_aside_is_where_expressions_are_computed_on_this_machine(flags: dict[str, Any], is_there: bool) -> None:
    place = aside_place(ServerSettings(device="cpu", **flags))
    assert (place is not None) is is_there
    if isinstance(place, LocalPlace):
        assert place.command[-1] == "--aside"
