from __future__ import annotations

import numpy as np
import pytest
import torch

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.tables.table_messages import message_of
from gridgrad_core.tables.table_numbers import TableNumbers
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker import table_store
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.table_store import TableStore

DEVICE = open_device("cpu", 1)


def message(name: str, *values: float, digest: str = "") -> pb.PlanTable:
    table = TableNumbers(np.array(values), (np.arange(float(len(values))),), "linear", "nan", "not-a-knot")
    sent = message_of(table).SerializeToString()
    return pb.PlanTable(name=name, dims=1, degree=1, outside="nan", table=sent, digest=digest or name)


def test_a_table_is_made_once_for_each_digest_and_dtype() -> None:
    store = TableStore()
    first = store.of([message("V", 1, 2), message("W", 3, 4)], torch.float64, DEVICE)
    again = store.of([message("Other", 1, 2, digest="V")], torch.float64, DEVICE)
    single = store.of([message("V", 1, 2)], torch.float32, DEVICE)
    assert first.specs == (TableSpec("V", 1, 1, "nan"), TableSpec("W", 1, 1, "nan"))
    assert again.bound[0] is first.bound[0]
    assert single.bound[0].knots[0].dtype == torch.float32
    assert first.digest == "V,W"
    assert store.of([], torch.float64, DEVICE) == ((), (), "")


def test_what_was_used_longest_ago_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_store, "KEPT_BYTES", 100)
    store = TableStore()
    first = store.of([message("V", 1, 2, 3)], torch.float64, DEVICE).bound[0]
    store.of([message("W", 1, 2, 3)], torch.float64, DEVICE)
    assert store.of([message("V", 1, 2, 3)], torch.float64, DEVICE).bound[0] is not first
    large = store.of([message("L", *range(20))], torch.float64, DEVICE)
    assert large.bound[0].nbytes > 100


def test_numbers_that_are_no_table_are_refused_by_name() -> None:
    with pytest.raises(RequestError, match=r"inputs\['V'\].*nan among its values"):
        TableStore().of([message("V", 1, float("nan"))], torch.float64, DEVICE)
