"""A DNS server of its own for one name, since tests can't give names of the system several addresses."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence

__all__ = ["dns"]

A_RECORD, HEADER = b"\x00\x01", 12


@contextlib.contextmanager
def dns(numbers: Sequence[str]) -> Iterator[str]:
    """Answers each question for an IPv4 address with these, on loopback; gives where, as an authority of gRPC."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(listening, numbers))
        thread.start()
        host, port = listening.getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", (host, port))
            thread.join()


def _serve(listening: socket.socket, numbers: Sequence[str]) -> None:
    while True:
        asked, caller = listening.recvfrom(2048)
        if not asked:
            return
        listening.sendto(_answer(asked, numbers), caller)


def _answer(asked: bytes, numbers: Sequence[str]) -> bytes:
    """RFC 1035, section 4: the question again, then a record for each address that points to its name."""
    end = asked.index(b"\0", HEADER) + 5
    records = [
        b"\xc0\x0c" + A_RECORD + b"\x00\x01" + (60).to_bytes(4) + (4).to_bytes(2) + socket.inet_aton(number)
        for number in (numbers if asked[end - 4 : end - 2] == A_RECORD else ())
    ]
    head = asked[:2] + b"\x81\x80" + (1).to_bytes(2) + len(records).to_bytes(2) + bytes(4)
    return head + asked[HEADER:end] + b"".join(records)
