"""What is counted of requests and batches, how it is exported, and that nobody watches unless asked."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.telemetry.counters import Counters
from gridgrad_server.telemetry.prometheus import families
from tests.server.conftest import Serving
from tests.server.test_service import grid, registered, until

Serve = Callable[..., Awaitable[Serving]]
PATIENCE_S = 20.0


async def status_of(serving: Serving) -> pb.GetServerStatusResponse:
    return pb.GetServerStatusResponse.FromString(await serving.calls.method(methods.SERVER_STATUS))


def answers(status: pb.GetServerStatusResponse) -> dict[tuple[str, int], int]:
    return {(each.via, each.code): each.count for each in status.answers}


async def failing(call: Awaitable[Any]) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return failed.value.code()


# Off


async def test_nobody_watches_unless_asked(serve: Serve) -> None:
    serving = await serve()
    await serving.calls.grid(grid())
    assert not serving.server.parts.observers
    await status_of(serving)
    assert len(serving.server.parts.observers) == 1
    await status_of(serving)
    assert len(serving.server.parts.observers) == 1


def test_what_exports_is_loaded_only_when_asked_for() -> None:
    code = (
        "import sys, gridgrad_server.app\n"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'prometheus_client', 'opentelemetry', 'wrapt'})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


@pytest.mark.parametrize(
    ("flags", "package", "extra"),
    [(["--metrics", "127.0.0.1:0"], "prometheus_client", "metrics"), (["--traces"], "opentelemetry", "otel")],
)
def test_a_missing_package_names_its_extra(flags: list[str], package: str, extra: str) -> None:
    code = (
        f"import sys\nsys.modules[{package!r}] = None\n"
        f"from gridgrad_server.__main__ import main\nsys.exit(main({['--listen', '127.0.0.1:0', *flags]!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"gridgrad-server: {package}: is not installed; pip install 'gridgrad[{extra}]'" in done.stderr


# Counts


async def test_answers_by_how_they_came_and_their_code(serve: Serve) -> None:
    serving = await serve(unary_result_bytes=100)
    await status_of(serving)
    await serving.calls.grid(grid())
    assert await failing(serving.calls.grid(grid(text="t*"))) is grpc.StatusCode.INVALID_ARGUMENT
    assert await failing(serving.calls.grid(registered("nobody"))) is grpc.StatusCode.NOT_FOUND
    assert await failing(serving.calls.grid(grid(10, 10))) is grpc.StatusCode.RESOURCE_EXHAUSTED
    messages = [pb.StreamGridGradientsRequest(id=n, request=grid(n)) for n in range(1, 4)]
    messages.append(pb.StreamGridGradientsRequest(id=9, request=grid(text="t*")))
    stream = serving.calls.stream(iter([message.SerializeToString() for message in messages]))
    assert len([answer async for answer in stream]) == 4
    status = await status_of(serving)
    assert answers(status) == {
        ("unary", 0): 1,
        ("unary", 3): 1,
        ("unary", 5): 1,
        ("unary", 8): 1,
        ("stream", 0): 3,
        ("stream", 3): 1,
    }
    assert {(each.engine, each.tier): (each.grids, each.points) for each in status.computed} == {
        ("functional", ""): (4, 6 + 2 + 4 + 6)
    }
    assert sum(status.queue_s.counts) == 4
    assert status.batch_size.sum == 4
    batches = sum(status.batch_size.counts)
    assert sum(status.compute_s.counts) == batches
    assert status.compute_s.sum == pytest.approx(0.001 * batches)
    assert status.counting_s <= status.up_s


async def test_a_call_that_its_caller_gives_up(serve: Serve) -> None:
    serving = await serve()
    await status_of(serving)
    call = asyncio.ensure_future(serving.calls.grid(registered("hangs")))
    await until(lambda: serving.server.parts.admission.requests)
    call.cancel()
    await until(lambda: not serving.server.parts.admission.requests)
    assert answers(await status_of(serving)) == {("unary", 1): 1}


async def test_a_call_whose_time_is_over(serve: Serve) -> None:
    serving = await serve()
    await status_of(serving)
    code = await failing(serving.calls.grid(registered("hangs"), timeout=0.2))
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: not serving.server.parts.admission.requests)
    assert answers(await status_of(serving)) == {("unary", 4): 1}


async def test_a_stream_that_its_caller_leaves(serve: Serve) -> None:
    serving = await serve()
    await status_of(serving)
    stream = serving.calls.stream()
    for number, request in enumerate((grid(), registered("hangs"), registered("plain")), 1):
        await stream.write(pb.StreamGridGradientsRequest(id=number, request=request).SerializeToString())
        if number == 1:
            await stream.read()
    await until(lambda: serving.server.parts.admission.requests == 2)
    stream.cancel()
    await until(lambda: not serving.server.parts.admission.requests)
    assert answers(await status_of(serving)) == {("stream", 0): 1, ("stream", 1): 2}


async def test_a_pack_counts_each_of_its_grids_once(serve: Serve) -> None:
    serving = await serve()
    await status_of(serving)
    request = grid()
    values = request.inputs[0].array
    values.shape[:] = [5, 3]
    values.data *= 5
    message = pb.StreamGridGradientsRequest(id=1, entries=5, request=request).SerializeToString()
    assert [answer async for answer in serving.calls.stream(iter([message]))]
    status = await status_of(serving)
    assert answers(status) == {("stream", 0): 5}
    assert (sum(status.queue_s.counts), status.batch_size.sum) == (5, 5)


async def test_what_is_held_and_who_computes(serve: Serve) -> None:
    serving = await serve(queue_entries=7, queue_bytes=1 << 20, session_bytes=1 << 22, workers=2)
    await until(lambda: len(serving.server.parts.workers.devices) == 2)
    call = asyncio.ensure_future(serving.calls.grid(registered("hangs")))
    await until(lambda: serving.server.parts.admission.requests)
    load = (await status_of(serving)).load
    assert (load.entries, load.most_entries, load.most_held_bytes, load.most_session_bytes) == (1, 7, 1 << 20, 1 << 22)
    assert 0 < load.held_bytes < 1 << 20
    workers = (await status_of(serving)).workers
    assert [(each.number, each.device, each.ready, each.restarts) for each in workers] == [
        (0, "cpu", True, 0),
        (1, "cpu", True, 0),
    ]
    assert sum(each.batches for each in workers) == 1
    assert len({each.pid for each in workers}) == 2
    call.cancel()


async def test_a_worker_that_dies_is_a_restart(serve: Serve) -> None:
    serving = await serve()
    assert await failing(serving.calls.grid(registered("kills"))) is grpc.StatusCode.ABORTED
    status = await status_of(serving)
    assert status.workers[0].restarts in (1, 2)  # the second death may just have been seen


# Exported


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


def scraped(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE_S) as answer:
        text: str = answer.read().decode()
    return text


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
