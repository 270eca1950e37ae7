"""Checks custom resources by their definitions in crds/, and refuses fields that these do not have."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema

__all__ = ["KINDS", "check"]

FOLDER = Path(__file__).with_name("crds")
KINDS = {"RayCluster": "rayclusters", "ServiceMonitor": "servicemonitors"}
"""Of the resources that it knows, with the names of the files."""


def check(resource: dict[str, Any]) -> None:
    """Checks a resource, all but its metadata.

    Raises:
        jsonschema.ValidationError: it is not as its schema says, or has what that does not know.
    """
    validator = _validator(resource["kind"], resource["apiVersion"])
    validator.validate({key: each for key, each in resource.items() if key != "metadata"})


@functools.cache
def _validator(kind: str, api_version: str) -> Any:
    definition = json.loads(gzip.decompress((FOLDER / f"{KINDS[kind]}.json.gz").read_bytes()))["spec"]
    assert definition["names"]["kind"] == kind
    group, _, name = api_version.partition("/")
    assert definition["group"] == group
    [version] = [each for each in definition["versions"] if each["name"] == name and each["served"]]
    return jsonschema.Draft7Validator(_strict(version["schema"]["openAPIV3Schema"]))


def _strict(schema: Any) -> Any:
    """A schema that allows no properties beside those that it names."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(each) for key, each in schema.items()}
    if isinstance(made.get("properties"), dict) and "type" in made:
        made.setdefault("additionalProperties", bool(made.get("x-kubernetes-preserve-unknown-fields")))
    return made
