"""The table of methods."""

from __future__ import annotations

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.methods import METHODS, SERVICE


def test_the_table_of_methods_is_the_schemas() -> None:
    (service,) = pb.DESCRIPTOR.services_by_name.values()
    assert service.full_name == SERVICE
    assert {method.name for method in METHODS} == set(service.methods_by_name)
    for method in METHODS:
        described = service.methods_by_name[method.name]
        assert method.path == f"/{SERVICE}/{described.name}"
