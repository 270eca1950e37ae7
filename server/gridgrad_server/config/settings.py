"""The settings of the server: one table of flags, each with an environment variable, a default and a reason.

A flag `--queue-entries` is also `GRIDGRAD_QUEUE_ENTRIES`; the flag wins. A flag that may be
repeated takes a comma-separated list from the environment.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gridgrad_core.version import __version__

__all__ = ["FLAGS", "Flag", "ServerSettings", "parse"]

_SWITCHED = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


class Flag(NamedTuple):
    """A setting of the server.

    Args:
        name: the flag without its dashes.
        convert: makes the value from text; raises ValueError with what would be right.
        default: the value when nothing is said.
        shown: the default as the help shows it.
        help: what it is, and why one would change it.
        repeated: whether it may be given several times; the value is then a tuple.
        switch: whether it is given without a value, and with no- before its name for the contrary.
    """

    name: str
    convert: Callable[[str], Any]
    default: Any
    shown: str
    help: str
    repeated: bool = False
    switch: bool = False

    @property
    def field(self) -> str:
        """Its name in Settings."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"GRIDGRAD_{self.field.upper()}"


def _count(least: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        value = int(text) if text.strip().lstrip("+").isdecimal() else least - 1
        if value < least:
            raise ValueError(f"a whole number, {least} or more")
        return value

    return convert


def _bytes(text: str) -> int:
    units = {"": 1, "k": KIB, "m": MIB, "g": GIB}
    digits = text.strip().lower().removesuffix("ib").rstrip("kmg")
    unit = text.strip().lower().removesuffix("ib")[len(digits) :]
    if not digits.isdecimal() or unit not in units or int(digits) < 1:
        raise ValueError("a number of bytes such as 67108864, 64MiB or 1GiB")
    return int(digits) * units[unit]


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise ValueError("a number of seconds over 0")
    return value


def _switch(text: str) -> bool:
    if text.lower() not in _SWITCHED:
        raise ValueError("one of 1, true, yes, on, 0, false, no, off")
    return _SWITCHED[text.lower()]


def _one_of(*choices: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return convert


def _address(text: str) -> str:
    path = text.removeprefix("unix:")
    if path != text and path:
        return text
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535 or (":" in host and not host.startswith("[")):
        raise ValueError("HOST:PORT, [IPV6]:PORT or unix:/PATH; port 0 takes a free one")
    return text


def _tcp_address(text: str) -> str:
    if text.startswith("unix:"):
        raise ValueError("HOST:PORT or [IPV6]:PORT; port 0 takes a free one")
    return _address(text)


def _module(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")):
        raise ValueError("the dotted name of a Python module, such as package.module")
    return text


FLAGS: tuple[Flag, ...] = (
    Flag("listen", _address, ("localhost:50051",), "localhost:50051",
         "HOST:PORT or unix:/PATH to listen on. The default is reached from this machine only; 0.0.0.0:50051 lets "
         "others in, and wants TLS or a trusted network; a unix socket is fastest for neighbours", repeated=True),
    Flag("address-file", Path, None, "none",
         "file to write the bound addresses to, one a line, once a worker is warm. For scripts that take port 0 and "
         "must know the port, and when to begin"),
    Flag("tls-cert", Path, None, "none",
         "PEM certificate chain of the server. Give it and --tls-key when callers come over a network; "
         "unix sockets stay without TLS"),
    Flag("tls-key", Path, None, "none", "PEM private key of --tls-cert. Keep its file readable by the server alone"),
    Flag("tls-client-ca", Path, None, "none",
         "PEM certificates of the authorities whose clients may call. Give it to admit only callers that hold a "
         "certificate"),
    Flag("workers", _count(1), None, "one for each GPU, else 1",
         "worker processes. Raise it on a CPU with many cores, which one process can't fill with small grids; "
         "lower it to leave GPUs to others"),
    Flag("device", _one_of("auto", "cpu", "cuda"), "auto", "auto",
         "where to compute: auto takes the GPUs there are, else the processor. Say cpu to leave GPUs alone, cuda to "
         "fail rather than fall back"),
    Flag("engine", _one_of("structured", "functional"), "structured", "structured",
         "what computes expressions: structured is fast, functional evaluates them as it does registered functions. "
         "Say functional to compare the two"),
    Flag("compile", _switch, True, "on",
         "whether expressions that prove hot, or are prepared, are compiled in the background. Say --no-compile where "
         "no machine code may be made or kept", switch=True),
    Flag("hot-points", _count(1), 1 << 21, "2097152",
         "points of an expression that a worker computes before it compiles it. Lower it for few expressions that are "
         "used for long, raise it where most are used once"),
    Flag("hot-pieces", _count(1), 50, "50",
         "or grids of it, small ones and pieces of large ones, whatever comes first. As --hot-points"),
    Flag("cache", Path, None, "~/.cache/gridgrad",
         "directory that compiled code is kept in, private to the server's user. Give it one that outlives the "
         "container, so that a restart need not compile again"),
    Flag("cache-bytes", _bytes, 512 * MIB, "512MiB",
         "how much compiled code may take on disk; what was used longest ago goes first. Raise it for thousands of "
         "expressions"),
    Flag("compile-timeout", _seconds, 600.0, "600",
         "seconds after which a compilation is given up. Lower it where strangers call, raise it on a slow machine"),
    Flag("functions", _module, (), "none",
         "module with registered Python functions to load into the workers. For what is no expression",
         repeated=True),
    Flag("queue-entries", _count(1), 1024, "1024",
         "requests held at once, waiting or computing; more are refused as busy. Raise it for many patient callers, "
         "lower it to refuse early"),
    Flag("queue-bytes", _bytes, GIB, "1GiB",
         "bytes of requests and results held at once; more are refused as busy. Bounds the server's memory"),
    Flag("batch-cost", _count(1), 1 << 18, "262144",
         "cost of the entries computed together: points x components x derivatives. Raise it for throughput of "
         "small grids, lower it for their latency"),
    Flag("piece-cost", _count(1), 1 << 19, "524288",
         "cost of the pieces into which large grids are cut. Raise it on a GPU, which wants large pieces; lower it "
         "to keep small requests quick beside large ones"),
    Flag("request-cost", _count(1), None, "none",
         "largest cost of one request. None is needed for memory: of a grid of any size only a few pieces are held. "
         "Give one where strangers call, to bound the time that one request may compute"),
    Flag("message-bytes", _bytes, 64 * MIB, "64MiB",
         "largest message accepted. Raise it for large coefficient fields; every caller may make the server hold one"),
    Flag("unary-result-bytes", _bytes, 2 * MIB, "2MiB",
         "largest result of the unary call; larger ones are streamed. Raise it for clients that can't stream"),
    Flag("sessions", _count(0), 256, "256",
         "sessions open at once: callers of the same user on this machine get them, with results in shared memory. "
         "Raise it for many such processes; 0 opens none"),
    Flag("session-bytes", _bytes, GIB, "1GiB",
         "bytes of results that lie in the memory of sessions, of all together; beyond, they go over the socket. Raise "
         "it for callers that keep large results"),
    Flag("piece-timeout", _seconds, 60.0, "60",
         "seconds that a batch may compute before its worker is killed and replaced. Raise it for registered "
         "functions that are slow by nature"),
    Flag("drain-timeout", _seconds, 30.0, "30",
         "seconds that accepted calls get to finish after SIGTERM. Keep it below what the supervisor waits before "
         "it kills"),
    Flag("keepalive", _seconds, 30.0, "30",
         "seconds between pings on a quiet connection. Lower it where a firewall forgets connections sooner"),
    Flag("metrics", _tcp_address, None, "none",
         "HOST:PORT to serve metrics for Prometheus on, such as localhost:9464, by HTTP and without TLS. Give it to "
         "watch the server; needs the extra gridgrad[metrics]"),
    Flag("traces", _switch, False, "off",
         "whether to send traces by OpenTelemetry, as the environment's OTEL_ variables say. Give it to see where the "
         "time of single calls goes; needs the extra gridgrad[otel]", switch=True),
    Flag("log-format", _one_of("text", "json"), "text", "text", "text for people to read, json for collectors of logs"),
    Flag("log-level", _one_of("debug", "info", "warning", "error"), "info", "info",
         "least severe log lines to write. debug adds a line for each batch"),
)  # fmt: skip
"""All settings, in the order of --help."""


class ServerSettings:
    """Validated settings, frozen. The fields are the flags with underscores; see FLAGS.

    Args:
        values: fields that differ from their defaults.
    """

    listen: tuple[str, ...]
    address_file: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    tls_client_ca: Path | None
    workers: int | None
    device: str
    engine: str
    compile: bool
    hot_points: int
    hot_pieces: int
    cache: Path | None
    cache_bytes: int
    compile_timeout: float
    functions: tuple[str, ...]
    queue_entries: int
    queue_bytes: int
    batch_cost: int
    piece_cost: int
    request_cost: int | None
    message_bytes: int
    unary_result_bytes: int
    sessions: int
    session_bytes: int
    piece_timeout: float
    drain_timeout: float
    keepalive: float
    metrics: str | None
    traces: bool
    log_format: str
    log_level: str

    def __init__(self, **values: object) -> None:
        defaults = {flag.field: flag.default for flag in FLAGS}
        unknown = values.keys() - defaults.keys()
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}; there are {', '.join(defaults)}")
        self.__dict__.update(defaults | values)
        problem = self._problem()
        if problem:
            raise ValueError(problem)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings are frozen: {name} can't become {value!r}; make new ones")

    def _problem(self) -> str | None:
        if (self.tls_cert is None) != (self.tls_key is None):
            return "--tls-cert and --tls-key go together: give both or neither"
        if self.tls_client_ca and not self.tls_cert:
            return "--tls-client-ca needs --tls-cert and --tls-key: give the server a certificate too"
        for path in (self.tls_cert, self.tls_key, self.tls_client_ca):
            if path and not path.is_file():
                return f"{path} is no file: give the path of a PEM file"
        if len(set(self.listen)) != len(self.listen):
            return "--listen names an address twice: give each once"
        return None


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> ServerSettings:
    """Reads the settings from flags and environment; exits with status 2 and a message when one is wrong."""
    parser = argparse.ArgumentParser(
        prog="gridgrad-server",
        description="Serves functions and their exact partial derivatives on grids, over gRPC.",
        epilog="Each flag has an environment variable: --queue-entries is GRIDGRAD_QUEUE_ENTRIES.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    for flag in FLAGS:
        shown = f"{flag.help}. Default: {flag.shown}. Or {flag.variable}".replace("%", "%%")
        if flag.switch:
            parser.add_argument(f"--{flag.name}", action=argparse.BooleanOptionalAction, help=shown)
            continue
        parser.add_argument(
            f"--{flag.name}",
            action="append" if flag.repeated else "store",
            metavar=flag.field.rpartition("_")[2].upper(),
            help=shown,
        )
    given = vars(parser.parse_args(arguments))
    try:
        return ServerSettings(**_converted(given, environment))
    except ValueError as error:
        parser.error(str(error))


def _converted(given: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for flag in FLAGS:
        source, texts = f"--{flag.name}", given[flag.field]
        if texts is None and environment.get(flag.variable):
            source, texts = flag.variable, environment[flag.variable]
            texts = [part.strip() for part in texts.split(",") if part.strip()] if flag.repeated else texts
        if texts is not None:
            values[flag.field] = _convert(flag, source, texts)
    return values


def _convert(flag: Flag, source: str, texts: str | list[str] | bool) -> object:
    if isinstance(texts, bool):
        return texts
    try:
        return tuple(map(flag.convert, texts)) if isinstance(texts, list) else flag.convert(texts)
    except ValueError as error:
        raise ValueError(f"{source} is {texts!r}: it takes {error}") from None
