"""Every released minor version beside this one: its client at our server and ours at its, over every way there is.

Each runs with the packages that are installed here. A worker and its server are always of one version.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

import gridgrad
from gridgrad.errors import UnsupportedError
from tests.compatibility.caller import ARCHIVE
from tests.compatibility.versions import CURRENT, WHEELS, Version, unpacked
from tests.service.harness import Running, running

PIECE, SESSION_MIB = 50_000, 16
FLAGS = (
    "--metrics",
    "127.0.0.1:0",
    "--piece-cost",
    str(PIECE),
    "--session-bytes",
    f"{SESSION_MIB}MiB",
    "--request-cost",
    str(1 << 30),
)
ROUNDING = {"float32": 1e-5, "float64": 1e-12}
"""By how much two versions may differ in what they compute, relative to the largest number of an array."""
WAYS = {"session": (0, "near"), "tcp": (0, "far"), "unix socket": (1, "far")}
"""Which address a client gets, and whether it is to open a session."""


class Outcome(NamedTuple):
    """What a caller saw."""

    version: str
    file: str
    by_session: int
    facts: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


@pytest.fixture(scope="module", params=WHEELS)
def released(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Version:
    """A released version."""
    return unpacked(request.param, tmp_path_factory.mktemp("released"))


@pytest.fixture(scope="module")
def our_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of this version."""
    with served(CURRENT, tmp_path_factory.mktemp("ours")) as started:
        yield started


@pytest.fixture(scope="module")
def their_server(released: Version, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of the released one."""
    with served(released, tmp_path_factory.mktemp("theirs")) as started:
        yield started


@pytest.fixture(scope="module")
def expected(our_server: Running, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What our client sees at our server."""
    return called(CURRENT, our_server, "session", tmp_path_factory.mktemp("expected"))


def served(version: Version, folder: Path) -> AbstractContextManager[Running]:
    """A server with a TCP port and a unix socket."""
    listen = ("--listen", "127.0.0.1:0", "--listen", f"unix:{folder / 'socket'}")
    return running(folder, *listen, *FLAGS, environment=version.environment)


def called(version: Version, server: Running, way: str, folder: Path) -> Outcome:
    """What a client of a version sees. That it ends at all is half of the test."""
    which, where = WAYS[way]
    with server.control.held():
        told = version.run("tests.compatibility.caller", [server.addresses[which], where, "seen.npz"], folder)
    with np.load(folder / "seen.npz") as arrays:
        outcome = Outcome(**json.loads(told), arrays=dict(arrays))
    assert outcome.version == version.name
    assert Path(outcome.file).is_relative_to(version.home)
    assert (outcome.by_session > 0) == (way == "session")
    return outcome


def assert_same_facts(seen: Outcome, expected: Outcome, way: str) -> None:
    left_out = {"a crash"} if way != "session" else set()
    assert seen.facts == {case: fact for case, fact in expected.facts.items() if case not in left_out}
    dtypes = [{name: array.dtype for name, array in each.arrays.items()} for each in (seen, expected)]
    assert dtypes[0] == dtypes[1]


@pytest.mark.parametrize("way", WAYS)
def test_a_released_client_sees_at_our_server_what_ours_does(
    released: Version, our_server: Running, expected: Outcome, way: str, tmp_path: Path
) -> None:
    seen = called(released, our_server, way, tmp_path)
    assert_same_facts(seen, expected, way)
    for name, array in seen.arrays.items():
        assert array.tobytes() == expected.arrays[name].tobytes(), name
    archived = gridgrad.Result.from_npz(tmp_path / ARCHIVE)
    assert (*archived.dims, *archived.components) == ("t", "k", "u", "v")
    for wrt in ((), *archived.d):
        assert_array_equal(archived.d[wrt], seen.arrays[f"components/{','.join(wrt)}"])


@pytest.mark.parametrize("way", WAYS)
def test_our_client_sees_at_a_released_server_what_it_does_at_ours(
    their_server: Running, expected: Outcome, way: str, tmp_path: Path
) -> None:
    seen = called(CURRENT, their_server, way, tmp_path)
    assert_same_facts(seen, expected, way)
    for name, array in seen.arrays.items():
        scale = np.max(np.abs(array[np.isfinite(array)]), initial=0.0)
        rounding = ROUNDING[array.dtype.name]
        assert_allclose(array, expected.arrays[name], rtol=rounding, atol=rounding * scale, err_msg=name)


def test_what_a_released_server_does_not_know_it_refuses_by_name(our_server: Running, their_server: Running) -> None:
    asked = {"x": [1.0, 2.0], "spare": 3.0}
    with gridgrad.Client(our_server.address) as client:
        ignoring = client.gradient(gridgrad.registered("fails"), asked, unused="ignore", derivatives=["spare"])
    assert_array_equal(ignoring.d["spare"], np.zeros(2))
    older = pytest.raises(UnsupportedError, match=r"'ignore_unused', which the server's version 0\.1\.0 does not know")
    with gridgrad.Client(their_server.address) as client, older:
        client.gradient(gridgrad.registered("fails"), asked, unused="ignore")


@pytest.mark.parametrize("far", [False, True], ids=["session", "tcp"])
def test_a_client_sends_no_server_what_it_is_too_old_for(their_server: Running, far: bool) -> None:
    table = gridgrad.table([1.0, 2.0, 4.0], x=[0.0, 1.0, 2.0], method="linear")
    text, inputs = "V(r)", {"r": [0.5, 1.5], "V": table}
    older = r"'tables', which the server's version 0\.1\.0 does not know"
    with gridgrad.Client(their_server.address, sessions=not far) as client:
        client.gradient("r", {"r": [1.0]})  # the next one goes by a session
        assert client.server_info().features == set()
        with pytest.raises(UnsupportedError, match=older):
            client.gradient(text, inputs)
        with pytest.raises(UnsupportedError, match=r"'reductions', which the server's version 0\.1\.0 does not know"):
            client.gradient("r", {"r": [1.0]}, reduce="sum")
        with pytest.raises(UnsupportedError, match=older):
            next(client.windows(text, inputs))
        for asks in (client.prepare, client.explain):
            with pytest.raises(UnsupportedError, match=older):
                asks(text, inputs)
        with pytest.raises(UnsupportedError, match=older):
            list(client.map(text, [inputs, inputs]))
        asked = [gridgrad.Request("r", {"r": [1.0]}), gridgrad.Request(text, inputs)]
        good, bad = sorted(client.stream(asked, errors="return"), key=lambda each: isinstance(each, Exception))
        problem = client.bind("a*r", {"r": [0.5, 1.5], "a": 1.0}, varying="a")  # by numbers, which that one never gives
        assert [problem(a=a).value.tolist() for a in (2.0, 4.0, 8.0)] == [[1.0, 3.0], [2.0, 6.0], [4.0, 12.0]]
    assert isinstance(good, gridgrad.Result)
    assert isinstance(bad, UnsupportedError)
    assert bad.request is asked[1]


@pytest.mark.parametrize("far", [False, True], ids=["session", "tcp"])
def test_sums_over_arrays_are_written_out_for_a_server_that_does_not_know_them(
    their_server: Running, far: bool
) -> None:
    n, t, k = np.linspace(0.5, 1.5, 80), np.array([0.5, 1.5]), np.array([1.0, 2.0, 3.0])

    def f(t: Any, k: Any, n: Any) -> Any:
        return k * np.sum(n * np.exp(-n * t))

    inputs, given = {"t": t, "k": k}, {"n": n}
    value = k * np.sum(n * np.exp(-n * t[:, None]), axis=1)[:, None]
    slope = -k * np.sum(n * n * np.exp(-n * t[:, None]), axis=1)[:, None]
    with gridgrad.Client(their_server.address, sessions=not far) as client:
        client.gradient("r", {"r": [1.0]})  # the next one goes by a session
        assert client.explain(f, inputs, coefficients=given).digest
        problem = client.bind(f, inputs, varying="n", coefficients={"n": 0.0 * n})
        asked = [gridgrad.Request(f, inputs, coefficients=each) for each in (given, {"n": 2.0 * n}, given)]
        streamed = list(client.stream(asked))
        [window] = client.windows(f, inputs, coefficients=given)
        results = [problem(n=n), *problem.many([given]), *streamed[::2], window]
        results += [client.gradient(each, inputs, coefficients=given) for each in (f, "k*sum(n*exp(-n*t))")]
        with pytest.raises(UnsupportedError, match=r"'arrays', which the server's version 0\.1\.0 does not know"):
            client.gradient(f, inputs, coefficients={"n": np.ones(700)})
    for result in results:
        assert_allclose(result.value, value, rtol=1e-12)
        assert_allclose(result.d["t"], slope, rtol=1e-12)
        assert_array_equal(result.inputs["n"], n)
    assert np.max(np.abs(streamed[1].value - value)) > 0.1


def test_every_metric_is_still_there(our_server: Running, their_server: Running, expected: Outcome) -> None:
    then, now = metrics_of(their_server), metrics_of(our_server)
    assert expected.by_session
    assert {"gridgrad_up_seconds": {()}}.items() <= then.items()
    assert not {name: labels for name, labels in then.items() if not labels <= now.get(name, set())}


def metrics_of(server: Running) -> dict[str, set[tuple[str, ...]]]:
    """The metrics of a server, each with the names of labels that it has been seen with."""
    [address] = re.findall(r"metrics address=(\S+)", server.log.read_text())
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    found: dict[str, set[tuple[str, ...]]] = {}
    for name, labels in re.findall(r"^(gridgrad_\w+)(?:{(.*)})? ", "\n".join(lines), re.MULTILINE):
        found.setdefault(name, set()).add(tuple(re.findall(r'(\w+)="', labels)))
    return found


def test_the_cases_show_what_they_are_about(expected: Outcome) -> None:
    facts = expected.facts
    raised = {case: fact["error"][0] for case, fact in facts.items() if isinstance(fact, dict) and "error" in fact}
    assert raised == {
        "no expression": "ExpressionError",
        "an input that is not used": "RequestError",
        "no such function": "UnknownFunctionError",
        "another argument": "RequestError",
        "too large": "TooLargeError",
        "not compiled": "NotPreparedError",
        "a function that raises": "RequestError",
        "a crash": "CrashError",
        "too late": "DeadlineError",
    }
    assert facts["stream t*nothing"] == "RequestError"
    assert facts["checked"]
    assert 3 * expected.arrays["larger than a session/"].nbytes > SESSION_MIB << 20
    assert expected.arrays["in pieces/"].size > 2 * PIECE
    assert_allclose(expected.arrays["a point/t"], 3.0)
