"""The planes of the results: which step computes each, and which are copied there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.structured.execution.destinations import destination_of
from gridgrad_worker.engines.structured.execution.hoist import HoistedValues
from gridgrad_worker.engines.structured.execution.levels import StepResult
from gridgrad_worker.engines.structured.execution.panels import Segment
from gridgrad_worker.engines.structured.execution.windows import PanelWindow
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan
from gridgrad_worker.torch_ops.evaluate import rounded

__all__ = ["ResultPlanes"]


class ResultPlanes:
    """The results of panels computed together.

    Args:
        plan: says which step computes which plane.
        group: has the places that the planes go to.
        device: where they are computed.
    """

    def __init__(self, plan: ExecutionPlan, group: Sequence[Segment], device: Device) -> None:
        self._plan = plan
        self._first = {step: plane for plane, step in reversed(list(enumerate(plan.outputs)))}
        self._place = destination_of(group, device)

    def begin(self, window: PanelWindow) -> dict[int, Tensor]:
        """Where the steps of the grid's level may write, for those that compute a plane, until `end`."""
        self._out = out = self._place.open(window)
        full = self._plan.full
        return {i: out[plane] for i, plane in self._first.items() if self._plan.steps[i].mask == full}

    def end(self, window: PanelWindow, here: Mapping[int, StepResult], known: HoistedValues) -> None:
        """Writes the planes that no step of the grid's level has written itself.

        Args:
            window: what of the group was computed.
            here: what the grid's level has computed for it.
            known: what was computed below, for all of the group.
        """
        for plane, step in enumerate(self._plan.outputs):
            written = self._first[step] == plane and self._is_operation(step)
            if not written:
                self._fill_in(self._out[plane], step, window, here, known)
        self._place.close(window)

    def finish(self) -> None:
        """Brings the results to where they go, if that is for the host to do."""
        self._place.finish()

    def _is_operation(self, step: int) -> bool:
        return self._plan.steps[step].mask == self._plan.full and self._plan.steps[step].op not in ("input", "const")

    def _fill_in(
        self, plane: Tensor, step: int, window: PanelWindow, here: Mapping[int, StepResult], known: HoistedValues
    ) -> None:
        if self._plan.steps[step].op == "const":
            plane.fill_(rounded(self._plan.steps[step].number, plane.dtype))
        else:
            plane.copy_(here[step].view if step in here else window.of(known.view(step)))
