"""Work in steps, taken at once."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from gridgrad_core.lang.program.steps import finished


def counting(steps: int, taken: list[int]) -> Generator[None, None, str]:
    for step in range(steps):
        taken.append(step)
        yield
    return "done"


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_all_steps_are_taken_and_their_result_returned(steps: int) -> None:
    taken: list[int] = []
    assert finished(counting(steps, taken)) == "done"
    assert taken == list(range(steps))


def test_what_a_step_raises_comes_out() -> None:
    def failing() -> Generator[None, None, None]:
        yield
        raise ValueError("in the second step")

    with pytest.raises(ValueError, match="second step"):
        finished(failing())
