"""Health and reflection, by the packages of grpcio."""

from __future__ import annotations

import asyncio

import grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from gridgrad_core.wire import methods
from tests.server.calls import Serve


async def test_reflection_describes_the_service(serve: Serve) -> None:
    serving = await serve()

    def describe() -> tuple[list[str], list[str]]:
        with grpc.insecure_channel(serving.server.addresses[0]) as channel:
            database = ProtoReflectionDescriptorDatabase(channel)
            file = database.FindFileContainingSymbol(methods.SERVICE)
            return list(database.get_services()), [method.name for method in file.service[0].method]

    services, names = await asyncio.to_thread(describe)
    assert methods.SERVICE in services
    assert names == [method.name for method in methods.METHODS]
