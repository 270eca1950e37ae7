from __future__ import annotations

import math

import pytest

from gridgrad_server.config.quota_limits import LIMITS, UNLIMITED, QuotaLimits, limits_of
from gridgrad_server.config.settings import ServerSettings


def test_each_limit_has_a_name_to_write() -> None:
    assert [name.replace("-", "_") for name in LIMITS] == list(QuotaLimits._fields)
    assert limits_of([]) == UNLIMITED


def test_words_stand_for_limits_and_leave_the_others() -> None:
    usual = limits_of(["requests=64", "bytes=256MiB", "cost-rate=1e9", "sessions=8", "lanes=0", "preparations=2"])
    usual = limits_of(["array-bytes=1MiB", "cache-bytes=2MiB", "weight=0.5"], usual)
    assert usual == QuotaLimits(64, 256 << 20, 1e9, 8, 0, 2, 1 << 20, 2 << 20, 0.5)
    assert limits_of(["weight=3"], usual) == usual._replace(weight=3.0)
    assert limits_of(["weight=3"]).requests == math.inf


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("colour=red", "there are requests, bytes"),
        ("requests", "requests takes a whole number, 1 or more"),
        ("requests=-1", "requests takes a whole number"),
        ("bytes=much", "bytes takes a number of bytes such as"),
        ("cost-rate=0", "cost-rate takes a number over 0"),
        ("cost-rate=inf", "cost-rate takes a number over 0"),
        ("cost-rate=nan", "cost-rate takes a number over 0"),
        ("weight=1e9", "weight takes a number from 0.001 to 1000"),
    ],
)
def test_a_word_that_is_none(word: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        limits_of([word])
    with pytest.raises(ValueError, match=f"--quota: .*{said}"):
        ServerSettings(quota=(word,))


def test_a_limit_twice() -> None:
    with pytest.raises(ValueError, match="weight comes twice"):
        limits_of(["weight=1", "weight=2"])
