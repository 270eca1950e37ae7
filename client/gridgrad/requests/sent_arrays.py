"""The arrays that the servers of a client keep, as far as it knows, so that they need not be sent again.

An array of a table has its SHA-256 with it, and so has a large input that comes again. A server says that it keeps
those, and is from then on sent the SHA-256 alone. Which of several servers answers is not known beforehand: one that
has no such array says so, and gets it with its numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

from gridgrad.arguments.lookup_table import LARGE_BYTES
from gridgrad.requests.prepare import PreparedCall
from gridgrad_core.bounded_dict import BoundedDict
from gridgrad_core.errors import ForgottenArrayError, GridgradError, UnsupportedError
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["SentArrays"]

DIGESTS_KEPT = 4096
LARGE_INPUT_BYTES = 1 << 16
"""Of an input, where no network is on the way or many go in one message: what is smaller goes as quickly by itself."""

_SAMPLED = 64
_MOST_IN_VAIN = 3


class SentArrays:
    """The SHA-256 of the arrays that were kept last. Safe to share between threads: what is wrong is sent again."""

    def __init__(self) -> None:
        self._kept: BoundedDict[bytes, None] = BoundedDict(DIGESTS_KEPT)
        # Of arrays by a sample of their numbers how often their SHA-256 was taken in vain
        self._samples: BoundedDict[tuple[int, bytes], int] = BoundedDict(DIGESTS_KEPT)

    def named(self, call: PreparedCall, least_bytes: int = LARGE_INPUT_BYTES) -> PreparedCall:
        """A call as it is to be sent: with the SHA-256 of arrays that come again, and that alone of what is kept.

        Args:
            call: the call.
            least_bytes: of an input that is worth it.
        """
        if call.template.input_bytes > least_bytes:
            call = call._replace(input_digests=self._digests(call, least_bytes))
        if not call.tables and not call.input_digests:
            return call
        named = frozenset([each for each in call.digests if each in self._kept])
        return call._replace(named=named) if named else call

    def _digests(self, call: PreparedCall, least_bytes: int) -> dict[int, bytes]:
        """The SHA-256 of large inputs that seem to have been sent before, by their places."""
        template = call.template
        places = range(len(template.inputs)) if template.varying is None else template.varying
        large = [each for each in places if template.inputs[each].nbytes > least_bytes]
        digests = {place: self._digest_again(call.numbers[place]) for place in large}
        return {place: digest for place, digest in digests.items() if digest}

    def _digest_again(self, numbers: bytes) -> bytes:
        """The SHA-256 of an array; empty for one that comes for the first time, or is another each time."""
        middle = len(numbers) // 2
        sample = len(numbers), numbers[:_SAMPLED] + numbers[middle : middle + _SAMPLED] + numbers[-_SAMPLED:]
        in_vain = self._samples.get(sample)
        if in_vain is None:
            self._samples[sample] = 0
        if in_vain is None or in_vain > _MOST_IN_VAIN:
            return b""
        digest = _digest(numbers)
        self._samples[sample] = 0 if digest in self._kept else in_vain + 1
        return digest

    def learn(self, call: PreparedCall) -> None:
        """Takes in that the server which has answered a call keeps its arrays."""
        for digest in call.digests:
            self._kept[digest] = None

    def whole(self, call: PreparedCall) -> PreparedCall:
        """A call that was refused for what it names, with all numbers."""
        for digest in call.named:
            self._kept.pop(digest, None)
        return call._replace(named=frozenset())

    def named_plan(self, plan: pb.Plan) -> pb.Plan:
        """A plan as it is to be sent: the large arrays of its tables with their SHA-256, or that alone."""
        named = self.whole_plan(plan)
        for array in _large_arrays(named):
            if array.sha256 in self._kept:
                array.ClearField("data")
        return named

    def whole_plan(self, plan: pb.Plan) -> pb.Plan:
        """The same with all numbers."""
        whole = pb.Plan()
        whole.CopyFrom(plan)
        for array in _large_arrays(whole):
            array.sha256 = _digest(array.data)
        return whole

    def learn_plan(self, plan: pb.Plan) -> None:
        """Takes in that the servers which have answered to a plan keep its arrays."""
        for array in _large_arrays(plan):
            self._kept[array.sha256] = None

    @staticmethod
    def are_missing(sent: PreparedCall | pb.Plan, error: GridgradError) -> bool:
        """Whether a call failed for want of numbers: at a server that has lost them, or at one that keeps none."""
        lost = isinstance(error, ForgottenArrayError | UnsupportedError) or error.field.endswith(".data")
        if isinstance(sent, PreparedCall):
            return lost and bool(sent.named)
        return lost and any(not each.data for each in _large_arrays(sent))


def _large_arrays(plan: pb.Plan) -> Iterator[pb.Array]:
    for each in plan.inputs:
        for array in (each.table.values, *each.table.knots) if each.HasField("table") else ():
            if array.sha256 or len(array.data) > LARGE_BYTES:
                yield array


def _digest(numbers: bytes) -> bytes:
    from hashlib import sha256  # it loads OpenSSL, which a client without large arrays need not

    return sha256(numbers).digest()
