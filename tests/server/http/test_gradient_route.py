"""POST /v1/gradient against pretending workers: what comes back, in which form, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from gridgrad_server.http.gradient_route import kind_of, nulls_of
from gridgrad_server.http.http_errors import CallEnded
from tests.server.calls import Serve, expected
from tests.server.conftest import Serving
from tests.server.http.asking import GRID, ask, gradient

shared = pytest.mark.asyncio(loop_scope="module")
"""Of a test with the server of its file, which lives in a loop of its own."""

HTTP = {"http": "127.0.0.1:0"}
WIDE = {"expression": "t*k", "inputs": {"t": {"linspace": [0, 1, 600]}, "k": {"linspace": [0, 1, 900]}}, "wrt": "t"}


@shared
async def test_a_grid_comes_as_nested_lists(serving: Serving) -> None:
    answer = await gradient(serving)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert (told["dims"], told["shape"], told["dtype"]) == (["t", "k"], [3, 2], "float64")
    value, slope = np.reshape(expected(6), (2, 3, 2)).tolist()
    assert (told["value"], told["d"]) == (value, {"t": slope})
    assert told["info"]["engine"] == "functional"


@shared
async def test_files_of_numpy_have_the_same_numbers(serving: Serving) -> None:
    want = np.reshape(expected(6), (2, 3, 2))
    answer = await gradient(serving, accept="application/x-npy")
    assert np.load(io.BytesIO(answer.body)).tolist() == want.tolist()
    assert (answer.headers["gridgrad-dims"], answer.headers["gridgrad-planes"]) == ("t,k", "value d/t")
    answer = await gradient(serving, accept="application/json;q=0.5, application/x-npz")
    with np.load(io.BytesIO(answer.body)) as archive:
        assert {name: archive[name].tolist() for name in archive} == dict(
            zip(["value", "d/t"], want.tolist(), strict=True)
        )


@shared
async def test_a_large_grid_is_a_file_and_no_text(serving: Serving) -> None:
    answer = await gradient(serving, WIDE)
    assert (answer.status, answer.error["reason"]) == (413, "TOO_LARGE")
    assert "application/x-npz" in answer.error["remedy"]
    answer = await gradient(serving, WIDE, accept="application/x-npz")
    with np.load(io.BytesIO(answer.body)) as archive:
        assert archive["d/t"].shape == (600, 900)
        assert archive["d/t"][-1, -1] == expected(600 * 900)[-1]


@shared
@pytest.mark.parametrize(
    ("given", "field"), [({"cotangent": "u"}, "cotangent"), ({"reduce": {"k": "sum"}, "weights": "u"}, "weights")]
)
async def test_fields_are_called_as_the_caller_has_written_them(serving: Serving, given: Any, field: str) -> None:
    answer = await gradient(serving, {**GRID, **given})
    assert (answer.status, answer.error["field"]) == (400, field)
    assert answer.error["message"].startswith(f"{field}: 'u', which is no input")


async def test_a_file_is_no_larger_than_a_message(serve: Serve) -> None:
    serving = await serve(message_bytes=1 << 20, **HTTP)
    answer = await gradient(serving, WIDE, accept="application/x-npz")
    assert (answer.status, answer.error["reason"]) == (413, "TOO_LARGE")
    assert "gRPC" in answer.error["remedy"]


@shared
async def test_a_text_of_many_pieces_is_whole(serving: Serving) -> None:
    inputs = {"t": {"linspace": [0, 1, 300]}, "k": {"linspace": [0, 1, 500]}}
    answer = await gradient(serving, {"expression": "t*k", "inputs": inputs, "order": 0})
    assert np.ravel(answer.json()["value"]).tolist() == expected(150_000, 1)


@shared
async def test_errors_have_the_status_and_all_that_they_say(serving: Serving) -> None:
    answer = await gradient(serving, {"expression": "t*(", "inputs": {"t": [1]}}, x_request_id="mine-1")
    assert answer.status == 400
    assert answer.headers["x-request-id"] == answer.error["request_id"] == "mine-1"
    assert answer.error.items() >= {"code": "invalid_argument", "reason": "EXPRESSION"}.items()
    assert answer.error["field"] == "function.expression"
    assert "column 4" in answer.error["found"]
    answer = await gradient(serving, {"registered": "nobody", "inputs": {"x": [1]}})
    assert (answer.status, answer.error["reason"]) == (404, "UNKNOWN_FUNCTION")
    answer = await gradient(serving, {**GRID, "timeout": 1e-9})
    assert (answer.status, answer.error["reason"]) == (504, "DEADLINE")
    serving.server.parts.intake.draining = True
    answer = await gradient(serving)
    assert (answer.status, answer.error["reason"]) == (503, "UNAVAILABLE")
    serving.server.parts.intake.draining = False


@shared
async def test_what_is_no_json_is_not_read(serving: Serving) -> None:
    answer = await ask(serving, "POST", "/v1/gradient", b"expression=t", {"content-type": "text/plain"})
    assert (answer.status, answer.error["field"]) == (415, "content-type")
    answer = await gradient(serving, accept="text/html")
    assert (answer.status, answer.error["field"]) == (406, "accept")
    answer = await gradient(serving, path="/v1/gradient?nonfinite=zero")
    assert (answer.status, answer.error["field"]) == (400, "query")


@shared
async def test_answers_are_counted_as_http(serving: Serving) -> None:
    def counted() -> dict[tuple[str, int], int]:
        return {(each.via, each.code): each.count for each in serving.server.parts.snapshot.status().answers}

    before = counted()
    await gradient(serving)
    await gradient(serving, {"registered": "nobody", "inputs": {"x": [1]}})
    more = {key: count - before.get(key, 0) for key, count in counted().items()}
    assert {key: count for key, count in more.items() if count} == {("http", 0): 1, ("http", 5): 1}
    assert serving.server.parts.admission.requests == 0


@pytest.mark.parametrize(
    ("accepted", "kind"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("text/html, application/*;q=0.1", "json"),
        ("application/x-npy;q=0.4, application/x-npz;q=0.5", "x-npz"),
        ("application/json;q=0, application/x-npy", "x-npy"),
    ],
)
def test_the_kind_that_a_caller_likes_best(accepted: str | None, kind: str) -> None:
    assert kind_of(accepted) == f"application/{kind}"


def test_a_caller_who_likes_nothing_is_told_what_there_is() -> None:
    with pytest.raises(CallEnded, match="application/x-npz"):
        kind_of("text/html, application/json;q=0, application/x-npy;q=x")


def test_nulls_are_asked_for_by_the_query() -> None:
    assert [nulls_of(query) for query in (b"", b"nonfinite=null", b"nonfinite=string")] == [False, True, False]
