"""docs/grafana.json: it asks for metrics that are exported, shows all of them, and can be imported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.telemetry.counters import Counters
from gridgrad_server.telemetry.prometheus import families

DOCS = Path(__file__).parents[3] / "docs"
DASHBOARD: dict[str, Any] = json.loads((DOCS / "grafana.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
METRIC = re.compile(r"\b((?:gridgrad|process)_\w+)((?:\{[^}]*\})?)")
BY = re.compile(r"by \(([\w, ]+)\)")
LEGEND = re.compile(r"\{\{(\w+)\}\}")


def exported() -> Iterator[tuple[str, set[str]]]:
    """The names of what is exported, with their labels; a scrape adds the label `instance`."""
    status = pb.GetServerStatusResponse(
        workers=[pb.WorkerStatus()],
        answers=[pb.AnswerCount()],
        computed=[pb.ComputedCount()],
        principals=[pb.PrincipalUse()],
    )
    Counters().fill(status)
    for metric in families(status):
        for sample in metric.samples:
            yield sample.name, {*sample.labels, "instance"}
    # of prometheus_client's own ProcessCollector
    for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds"):
        yield f"process_{name}", {"instance"}


EXPORTED = dict(exported())


def asked(query: str) -> list[str]:
    """The metrics that a query names."""
    return [name for name, _ in METRIC.findall(query)]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_names_metrics_and_labels_that_are_exported(query: str) -> None:
    names = asked(query)
    assert names
    assert not [name for name in names if name not in EXPORTED]
    labels = {label for group in BY.findall(query) for label in re.split(", ?", group)}
    assert labels <= set.intersection(*(EXPORTED[name] for name in names))
    assert all('instance=~"$instance"' in selector for _, selector in METRIC.findall(query))
    assert query.count("(") == query.count(")")


def test_every_metric_is_in_a_panel() -> None:
    shown = {name for query in QUERIES for name in asked(query)}
    assert not EXPORTED.keys() - shown


def test_every_metric_is_on_the_page_on_operations() -> None:
    page = (DOCS / "operations.md").read_text()
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in EXPORTED if name.startswith("gridgrad_")}
    assert names == set(re.findall(r"`(gridgrad_\w+)`", page))


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_panels_take_the_data_source_that_is_chosen(panel: dict[str, Any]) -> None:
    assert (
        {target["datasource"]["uid"] for target in panel["targets"]}
        == {panel["datasource"]["uid"]}
        == {"${datasource}"}
    )
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert panel["description"]
    for target in panel["targets"]:
        shown = {*LEGEND.findall(target["legendFormat"])} - {"instance"}
        assert shown == {label for group in BY.findall(target["expr"]) for label in re.split(", ?", group)} - {"le"}


def test_panels_overlap_nowhere() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_variables_are_there() -> None:
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables.keys() == {"datasource", "instance"}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    assert asked(variables["instance"]["definition"]) == ["gridgrad_info"]
