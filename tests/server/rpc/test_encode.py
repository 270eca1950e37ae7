from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gridgrad_server.rpc.encode import WINDOW_BYTES, cut_into_windows


@given(st.integers(1, 40), st.integers(0, 400_000), st.sampled_from([4, 8]))
def test_windows_cover_each_number_once_and_fit_a_message(planes: int, points: int, itemsize: int) -> None:
    count = 0
    position = 0
    for window in cut_into_windows(planes, points, itemsize):
        numbers = window.planes * window.points
        assert numbers * itemsize <= WINDOW_BYTES
        assert window.first_plane * points + window.first_point == position
        assert window.planes == 1 or window.points == points
        position += numbers
        count += 1
    assert position == planes * points
    assert count >= 1
