"""Features: what a server does not know it refuses by name."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import UnsupportedError
from gridgrad_core.wire.features import FEATURES, check_features


def test_what_is_known_passes() -> None:
    check_features([])
    check_features(sorted(FEATURES))
    check_features(["later"], {"later"}, "9.0")


@pytest.mark.parametrize("asked", [["sooner", "later"], ["later", "sooner", "later still"]])
def test_what_is_not_known_is_named_with_the_version(asked: list[str]) -> None:
    with pytest.raises(UnsupportedError, match=r"'later'.*which the server's version 0\.9 does not know") as raised:
        check_features(asked, {"sooner"}, "0.9")
    assert raised.value.field == "features"
    assert "sooner" not in raised.value.found
