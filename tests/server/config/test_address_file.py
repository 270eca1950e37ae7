"""The address file: what is told before a worker is started for it, and that it appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_server.config.address_file import problem_of, write


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/nowhere/at/all", "there is no folder /nowhere/at: make it"),
        ("/dev", "/dev is a folder: give a path in it"),
        ("/proc/address", "nothing can be written in /proc"),  # which root can't either
    ],
)
def test_a_place_where_no_file_can_be_is_told_at_once(path: str, said: str) -> None:
    assert said in (problem_of(Path(path)) or "")


def test_it_is_written_whole_with_an_address_a_line(tmp_path: Path) -> None:
    file = tmp_path / "address"
    assert problem_of(file) is None
    write(file, ["localhost:1", "unix:/tmp/s"])
    assert file.read_text() == "localhost:1\nunix:/tmp/s\n"
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_left_where_it_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "address").mkdir()
    with pytest.raises(OSError, match="directory"):
        write(tmp_path / "address", ["localhost:1"])
    assert [each.name for each in tmp_path.iterdir()] == ["address"]
