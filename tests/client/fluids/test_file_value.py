"""Values of files with their places."""

from __future__ import annotations

import pytest

import gridgrad
from gridgrad.fluids.file_value import FileValue


def test_places_are_paths_of_keys() -> None:
    inner = FileValue({"a": [{"b": 2}]}, "file.json")["a"].items()[0]["b"]
    assert inner.place == "file.json.a[0].b"
    assert inner.number() == 2.0


@pytest.mark.parametrize("value", [True, "2", None, float("inf"), [1]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(gridgrad.RequestError, match="no finite number"):
        FileValue(value, "here").number()


def test_keys_and_units() -> None:
    whole = FileValue({"T": 3, "T_units": "F", "_note": ""}, "here")
    whole.check_keys({"T", "T_units"})
    with pytest.raises(gridgrad.RequestError, match=r"here.T_units: is 'F'; convert it to K"):
        whole.check_unit("T_units", "K")
    with pytest.raises(gridgrad.RequestError, match=r"here.T_units: is a key that is not known; known are T"):
        whole.check_keys({"T"})
    with pytest.raises(gridgrad.RequestError, match="here: has no 'p'"):
        whole["p"]
