"""deploy/kubernetes: each kustomization as Kubernetes would check it, and beside what the server is and says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("kubernetes_validate", reason="is for developers alone")

import jsonschema
import kubernetes_validate
import yaml

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.config.command_line import parse
from gridgrad_server.config.settings import FLAGS
from gridgrad_server.telemetry.counters import Counters
from gridgrad_server.telemetry.prometheus import families
from tests.deploy.kustomize import Resource, rendered, yaml_files

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUBERNETES = "1.33"
"""The oldest version whose schemas they are held to."""
KUSTOMIZATIONS = [FOLDER, FOLDER / "base", FOLDER / "gpu"]
MARGIN_S = 5
TEXT = {"type": "string"}
LABELS = {"type": "object", "additionalProperties": TEXT}


def exactly(**properties: Any) -> Any:
    """An object that has all of these and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# What is used of ServiceMonitor, as prometheus-operator 0.93.0 describes it in its API reference
SERVICE_MONITOR = exactly(
    apiVersion={"const": "monitoring.coreos.com/v1"},
    kind={"const": "ServiceMonitor"},
    metadata=exactly(name=TEXT),
    spec=exactly(
        selector=exactly(matchLabels=LABELS),
        endpoints={
            "type": "array",
            "items": exactly(port=TEXT, interval={"type": "string", "pattern": "^[0-9]+s$"}),
            "minItems": 1,
        },
    ),
)


def one(resources: list[Resource], kind: str) -> Resource:
    """The only resource of a kind."""
    [found] = [each for each in resources if each["kind"] == kind]
    return found


def server(resources: list[Resource]) -> Resource:
    """The container of the server."""
    [container] = one(resources, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def name_of(folder: Path) -> str:
    """How a test calls it."""
    return folder.name


@pytest.fixture(params=KUSTOMIZATIONS, ids=name_of)
def resources(request: pytest.FixtureRequest) -> list[Resource]:
    """What each kustomization makes."""
    return rendered(request.param)


def test_each_resource_is_as_its_schema_says(resources: list[Resource]) -> None:
    for resource in resources:
        if resource["kind"] == "ServiceMonitor":
            jsonschema.validate(resource, SERVICE_MONITOR)
        else:
            kubernetes_validate.validate(resource, KUBERNETES, strict=True)


def test_every_file_belongs_to_a_kustomization() -> None:
    used = {file.resolve() for folder in KUSTOMIZATIONS for file in yaml_files(folder)}
    kept = {file.resolve() for file in FOLDER.rglob("*.yaml")}
    assert kept - used == {FOLDER / "autoscaling" / "prometheus-adapter-values.yaml"}


def test_selectors_are_those_of_the_servers(resources: list[Resource]) -> None:
    spec = one(resources, "Deployment")["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels
    assert one(resources, "Service")["spec"]["selector"] == labels
    assert one(resources, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert one(resources, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels


def test_servers_with_and_without_gpu_are_told_apart() -> None:
    plain, gpu = (one(rendered(FOLDER / name), "Deployment") for name in ("base", "gpu"))
    assert plain["metadata"]["name"] != gpu["metadata"]["name"]
    assert plain["spec"]["selector"] != gpu["spec"]["selector"]
    assert "nvidia.com/gpu" in server([gpu])["resources"]["limits"]
    assert "nvidia.com/gpu" not in server([plain])["resources"]["limits"]


def test_the_settings_are_those_of_the_server(resources: list[Resource], monkeypatch: pytest.MonkeyPatch) -> None:
    given = {each["name"]: each["value"] for each in server(resources)["env"]}
    assert given.keys() <= {flag.variable for flag in FLAGS}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = parse([])
    ports = {each["name"]: each["containerPort"] for each in server(resources)["ports"]}
    assert settings.listen == (f"0.0.0.0:{ports['grpc']}",)
    assert settings.metrics == f"0.0.0.0:{ports['metrics']}"


def test_there_is_time_to_drain(resources: list[Resource], monkeypatch: pytest.MonkeyPatch) -> None:
    for each in server(resources)["env"]:
        monkeypatch.setenv(each["name"], each["value"])
    command = server(resources)["lifecycle"]["preStop"]["exec"]["command"]
    assert command[0] == "sleep"
    grace_s = one(resources, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s >= int(command[1]) + parse([]).drain_timeout + MARGIN_S


def test_it_runs_with_nothing_that_it_does_not_need(resources: list[Resource]) -> None:
    pod, container = one(resources, "Deployment")["spec"]["template"]["spec"], server(resources)
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"--uid {pod['securityContext']['runAsUser']} " in (FOLDER.parents[1] / "Dockerfile").read_text()
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}


def test_probes_and_ports_are_those_of_the_container(resources: list[Resource]) -> None:
    container = server(resources)
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    probes = [container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")]
    assert [probe["grpc"]["port"] for probe in probes] == [ports["grpc"]] * 3
    service = {each["name"]: (each["port"], each["targetPort"]) for each in one(resources, "Service")["spec"]["ports"]}
    assert service == {name: (port, name) for name, port in ports.items()}
    allowed = [port["port"] for rule in one(resources, "NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]]
    assert set(allowed) == ports.keys()
    assert "metrics" in (FOLDER.parents[1] / "Dockerfile").read_text()


def test_what_is_scraped_and_scaled_by_is_there() -> None:
    resources = rendered(FOLDER)
    service, monitor = one(resources, "Service"), one(resources, "ServiceMonitor")["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {each["port"] for each in monitor["endpoints"]} <= {each["name"] for each in service["spec"]["ports"]}

    scaler, deployment = one(resources, "HorizontalPodAutoscaler")["spec"], one(resources, "Deployment")
    assert scaler["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert "replicas" not in deployment["spec"]
    [metric] = [each["pods"]["metric"]["name"] for each in scaler["metrics"]]
    status = pb.GetServerStatusResponse()
    Counters().fill(status)
    assert metric in {family.name for family in families(status)}
    values = yaml.safe_load((FOLDER / "autoscaling" / "prometheus-adapter-values.yaml").read_text())
    [rule] = values["rules"]["custom"]
    assert rule["seriesQuery"].startswith(f"{metric}{{")
