"""Reading messages of the protocol: whatever is none is an error of ours, not of protobuf."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from gridgrad_core.errors import InternalError

__all__ = ["broken", "parse"]

M = TypeVar("M", bound=Message)


def parse(message: M, raw: bytes) -> M:
    """Fills an empty message from its bytes.

    Raises:
        InternalError: they are no such message.
    """
    try:
        message.ParseFromString(raw)
    except DecodeError as error:
        raise broken("bytes that are no message of the protocol") from error
    return message


def broken(found: str) -> InternalError:
    """The error for an answer that breaks the protocol."""
    return InternalError("response", found, "please report it, with the versions of client and server")
