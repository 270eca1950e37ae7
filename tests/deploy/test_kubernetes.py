"""deploy/kubernetes: each kustomization as Kubernetes would check it, and beside what the server is and says."""

from __future__ import annotations

from pathlib import Path

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
from tests.deploy.custom_resources import KINDS, check
from tests.deploy.kustomize import Resource, rendered, yaml_files

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUBERNETES = "1.33"
"""The oldest version whose schemas they are held to."""
KUSTOMIZATIONS = [FOLDER, FOLDER / "base", FOLDER / "gpu"]
CLUSTER = FOLDER / "ray"
MARGIN_S = 5


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


@pytest.mark.parametrize("folder", [*KUSTOMIZATIONS, CLUSTER], ids=name_of)
def test_each_resource_is_as_its_schema_says(folder: Path) -> None:
    for resource in rendered(folder):
        if resource["kind"] in KINDS:
            check(resource)
        else:
            kubernetes_validate.validate(resource, KUBERNETES, strict=True)


def test_every_file_belongs_to_a_kustomization() -> None:
    used = {file.resolve() for folder in (*KUSTOMIZATIONS, CLUSTER) for file in yaml_files(folder)}
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


def test_definitions_refuse_what_they_do_not_know() -> None:
    for folder, kind in ((FOLDER, "ServiceMonitor"), (CLUSTER, "RayCluster")):
        resource = one(rendered(folder), kind)
        with pytest.raises(jsonschema.ValidationError, match="'replicas'"):
            check({**resource, "spec": {**resource["spec"], "replicas": 1}})


def test_the_cluster_has_a_node_for_each_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = one(rendered(CLUSTER), "RayCluster")["spec"]
    [group], head = spec["workerGroupSpecs"], spec["headGroupSpec"]
    [container], [worker] = head["template"]["spec"]["containers"], group["template"]["spec"]["containers"]
    for each in container["env"]:
        monkeypatch.setenv(each["name"], each["value"])
    settings = parse(["--ray", "auto"])
    assert "exec gridgrad-server --ray auto" in container["args"][0]
    assert (group["minReplicas"], group["maxReplicas"]) == (settings.min_workers, settings.max_workers)
    assert group["rayStartParams"]["num-cpus"] == worker["resources"]["limits"]["cpu"] == str(settings.ray_cpus)
    assert head["rayStartParams"]["num-cpus"] == "0"
    assert container["image"] == worker["image"] != "gridgrad"
    given = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert settings.listen == (f"0.0.0.0:{given['grpc']}",)
    assert settings.metrics == f"0.0.0.0:{given['metrics']}"
    assert [container[f"{kind}Probe"]["grpc"]["port"] for kind in ("startup", "readiness", "liveness")] == [50051] * 3


def test_the_cluster_is_of_the_pinned_version_and_closed_to_others() -> None:
    resources = rendered(CLUSTER)
    cluster, service = one(resources, "RayCluster"), one(resources, "Service")["spec"]
    pinned = (FOLDER.parents[1] / "constraints.txt").read_text().splitlines()
    assert f"ray=={cluster['spec']['rayVersion']}" in pinned
    labels = cluster["spec"]["headGroupSpec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    assert (
        not service["selector"].items()
        <= cluster["spec"]["workerGroupSpecs"][0]["template"]["metadata"]["labels"].items()
    )
    policy = one(resources, "NetworkPolicy")["spec"]
    assert policy["podSelector"]["matchLabels"] == {"ray.io/cluster": cluster["metadata"]["name"]}
    own, *others = policy["ingress"]
    assert own["from"] == [{"podSelector": policy["podSelector"]}]
    assert [port["port"] for rule in others for port in rule["ports"]] == [each["name"] for each in service["ports"]]
    for group in (cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        [container] = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert {each["name"]: each["value"] for each in container["env"]}["RAY_USAGE_STATS_ENABLED"] == "0"
        assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
