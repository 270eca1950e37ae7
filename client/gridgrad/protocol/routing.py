"""Which results come in one message and which as a stream, as far as a client knows beforehand."""

from __future__ import annotations

from gridgrad.requests.prepare import PreparedCall
from gridgrad.requests.request import FunctionIdentity
from gridgrad.requests.sent_arrays import SentArrays
from gridgrad.results.result import Result
from gridgrad.results.result_data import keeps_arrays
from gridgrad_core.bounded_dict import BoundedDict

__all__ = ["Routes"]

UNARY_BYTES = 2 << 20
FUNCTIONS_KEPT = 1024


class Routes:
    """Remembers what answers showed: how many components a function has, the server's own limit, and what it keeps.

    Safe to share between threads: what one overwrites of another is learned again.

    Attributes:
        arrays: those that servers keep.
    """

    def __init__(self) -> None:
        self.arrays = SentArrays()
        self._unary_bytes = UNARY_BYTES
        self._components: BoundedDict[FunctionIdentity, int] = BoundedDict(FUNCTIONS_KEPT)

    def result_bytes(self, call: PreparedCall) -> int:
        """The length of the result, or less when the number of components is not known yet."""
        return call.template.component_bytes * self._components.get(call.function, 1)

    def by_stream(self, call: PreparedCall) -> bool:
        """Whether to ask for it by a stream at once."""
        return self.result_bytes(call) > self._unary_bytes

    def learn(self, call: PreparedCall, result: Result) -> None:
        """Takes in an answer."""
        if len(result.components) > 1:
            self._components[call.function] = len(result.components)
        if keeps_arrays(result):
            self.arrays.learn(call)

    def learn_limit(self, result: Result) -> None:
        """Takes in that the server refused this result as one message."""
        self._unary_bytes = min(self._unary_bytes, max(result.nbytes - 1, 0))
