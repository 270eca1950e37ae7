"""What `kubectl kustomize` makes of a folder, as far as the project's own use of it: resources, components, patches
of JSON with a target, images and a suffix for names. What it does not know it refuses, so that no field is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonpatch
import yaml

__all__ = ["Resource", "rendered", "yaml_files"]

Resource = dict[str, Any]
KNOWN = {"apiVersion", "kind", "resources", "components", "images", "nameSuffix", "patches"}


def rendered(folder: Path) -> list[Resource]:
    """The resources of a kustomization.

    Args:
        folder: where its kustomization.yaml is.

    Raises:
        FileNotFoundError: it names a file that is not there.
        jsonpatch.JsonPatchException: a patch does not apply.
    """
    return _applied(folder, "Kustomization", [])


def yaml_files(folder: Path) -> Iterator[Path]:
    """The files that a kustomization and those below it name, itself included."""
    said = _kustomization(folder)
    yield folder / "kustomization.yaml"
    for path in (folder / name for name in (*said.get("resources", ()), *said.get("components", ()))):
        yield from yaml_files(path) if path.is_dir() else [path]
    yield from (folder / patch["path"] for patch in said.get("patches", ()))


def _kustomization(folder: Path) -> Resource:
    said: Resource = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert not said.keys() - KNOWN, f"{folder}: {said.keys() - KNOWN}: teach this module what it means"
    return said


def _applied(folder: Path, kind: str, before: list[Resource]) -> list[Resource]:
    said = _kustomization(folder)
    assert said["kind"] == kind
    made = [*before, *(each for name in said.get("resources", ()) for each in _resources(folder / name))]
    for name in said.get("components", ()):
        made = _applied(folder / name, "Component", made)
    for patch in said.get("patches", ()):
        made = _patched(made, patch["target"], yaml.safe_load((folder / patch["path"]).read_text()))
    for image in said.get("images", ()):
        _set_image(made, **image)
    for each in made:
        _rename(each, said.get("nameSuffix", ""))
    return made


def _resources(path: Path) -> list[Resource]:
    return rendered(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))


def _patched(resources: list[Resource], target: dict[str, str], operations: list[Any]) -> list[Resource]:
    hit = [each["kind"] == target["kind"] and each["metadata"]["name"] == target["name"] for each in resources]
    assert any(hit), f"nothing is {target}"
    patch: Any = jsonpatch.JsonPatch(operations)
    return [patch.apply(each) if meant else each for each, meant in zip(resources, hit, strict=True)]


def _set_image(resources: list[Resource], name: str, newName: str = "", newTag: str = "") -> None:  # noqa: N803 - their names
    for container in (each for resource in resources for each in _containers(resource)):
        found, _, tag = container["image"].partition(":")
        if found == name:
            container["image"] = ":".join(filter(None, (newName or name, newTag or tag)))


def _containers(part: object) -> Iterator[Resource]:
    """All that stand in a list called so, wherever in a resource: kustomize asks for no kind."""
    if isinstance(part, list):
        part = dict(enumerate(part))
    for key, each in part.items() if isinstance(part, dict) else ():
        yield from each if key == "containers" else _containers(each)


def _rename(resource: Resource, suffix: str) -> None:
    resource["metadata"]["name"] += suffix
    if resource["kind"] == "HorizontalPodAutoscaler":
        resource["spec"]["scaleTargetRef"]["name"] += suffix
