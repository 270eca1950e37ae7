"""What a scrape gets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.access.token_file import TokenEntry, digest_of, edited
from gridgrad_server.telemetry.counters import Counters
from gridgrad_server.telemetry.prometheus import families
from tests.server.calls import grid
from tests.server.telemetry.asking import PATIENCE_S, Serve, answers, status_of


async def test_metrics_are_served_and_counted_from_the_start(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "gridgrad.server")
    serving = await serve(metrics="localhost:0")
    await serving.calls.grid(grid())
    (address,) = [record.fields["address"] for record in caplog.records if record.message == "metrics"]  # type: ignore[attr-defined] # our own
    assert address.startswith("localhost:")
    text = await asyncio.to_thread(scraped, address)
    assert 'gridgrad_requests_total{code="OK",via="unary"} 1.0' in text
    assert "process_cpu_seconds_total" in text
    assert "python_gc" not in text
    assert answers(await status_of(serving)) == {("unary", 0): 1}
    assert len(serving.server.parts.observers) == 1
    serving.server.stop()
    await serving.task
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(scraped, address)


def scraped(address: str, authorization: str = "") -> str:
    request = urllib.request.Request(f"http://{address}/metrics")
    if authorization:
        request.add_header("Authorization", authorization)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - as above
        text: str = answer.read().decode()
    return text


async def test_metrics_ask_for_a_token_unless_they_are_opened(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "gridgrad.server")
    with edited(tmp_path / "tokens") as file:
        for role in ("metrics", "call", "admin"):
            file.add(TokenEntry(role, (role,), digest_of(role)))
    await serve(metrics="127.0.0.1:0", auth_tokens=tmp_path / "tokens")
    await serve(metrics="127.0.0.1:0", auth_tokens=tmp_path / "tokens", auth_open_metrics=True)
    closed, opened = [r.fields["address"] for r in caplog.records if r.message == "metrics"]  # type: ignore[attr-defined] # our own
    assert "gridgrad_up_seconds" in await asyncio.to_thread(scraped, opened)
    for role in ("metrics", "admin"):
        assert "gridgrad_up_seconds" in await asyncio.to_thread(scraped, closed, f"Bearer {role}")
    for given, code in (("", 401), ("Bearer wrong", 401), ("Basic metrics", 401), ("Bearer call", 403)):
        with pytest.raises(HTTPError) as refused:
            await asyncio.to_thread(scraped, closed, given)
        answer = refused.value.read().decode()
        refused.value.close()
        assert refused.value.code == code
        assert "gridgrad_up_seconds" not in answer
        assert "authorization: " in answer


def test_a_distribution_is_a_histogram() -> None:
    status = pb.GetServerStatusResponse()
    Counters().fill(status)
    status.queue_s.CopyFrom(pb.Distribution(bounds=[0.1, 1.0], counts=[3, 0, 2], sum=7.5))
    (metric,) = [metric for metric in families(status) if metric.name == "gridgrad_queue_seconds"]
    assert [(sample.name.removeprefix(metric.name), sample.labels, sample.value) for sample in metric.samples] == [
        ("_bucket", {"le": "0.1"}, 3),
        ("_bucket", {"le": "1.0"}, 3),
        ("_bucket", {"le": "+Inf"}, 5),
        ("_count", {}, 5),
        ("_sum", {}, 7.5),
    ]


async def test_an_address_that_is_not_here_ends_the_start(tmp_path: Path) -> None:
    flags = ["--listen", f"unix:{tmp_path}/s", "--metrics", "192.0.2.1:0"]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "gridgrad_server", *flags],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "gridgrad-server: can't listen on 192.0.2.1:0 for --metrics" in done.stderr
