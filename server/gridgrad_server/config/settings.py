"""The settings of the server: one table of flags, each with an environment variable, a default and a reason.

A flag `--queue-entries` is also `GRIDGRAD_QUEUE_ENTRIES`; the flag wins. A flag that may be repeated takes a
comma-separated list from the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from gridgrad_server.config import address_file
from gridgrad_server.config.flag_types import (
    GIB,
    MIB,
    Address,
    Bytes,
    Count,
    CountOrAuto,
    Module,
    Paths,
    Seconds,
    TcpAddress,
)
from gridgrad_server.config.quota_limits import limits_of

__all__ = ["FLAGS", "SWITCH", "Flag", "ServerSettings"]

SWITCH = click.BOOL
"""The type of a flag that is given without a value, and with no- before its name for the contrary."""


_PATH = click.Path(path_type=Path)


class Flag(click.Option):
    """A setting of the server.

    Args:
        flag: its name on the command line, without dashes before it.
        kind: makes the value of text.
        default: the value when nothing is said.
        shown: the default as the help shows it.
        why: what it is, and why one would change it.
        repeated: whether it may be given several times; the value is then a tuple.

    Attributes:
        field: its name in ServerSettings.
        variable: its environment variable.
    """

    def __init__(
        self, flag: str, kind: click.ParamType[Any], default: Any, shown: str, why: str, *, repeated: bool = False
    ) -> None:
        self.field = flag.replace("-", "_")
        self.variable = f"GRIDGRAD_{self.field.upper()}"
        self.flag, self.shown, self.why = f"--{flag}", shown, why
        super().__init__(
            [f"--{flag}/--no-{flag}" if kind is SWITCH else f"--{flag}", self.field],
            type=kind,
            default=default,
            multiple=repeated,
            envvar=self.variable,
            help=f"{why}. Default: {shown}. Or {self.variable}",
        )

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Names what was wrong: the flag, or its environment variable."""
        source = ctx.get_parameter_source(self.field) if ctx else None
        return self.variable if source is ParameterSource.ENVIRONMENT else self.flag


FLAGS: tuple[Flag, ...] = (
    Flag("listen", Address(), ("localhost:50051",), "localhost:50051",
         "HOST:PORT or unix:/PATH to listen on. The default is reached from this machine only; 0.0.0.0:50051 lets "
         "others in, and wants TLS or a trusted network; a unix socket is fastest for neighbours", repeated=True),
    Flag("address-file", _PATH, None, "none",
         "file to write the bound addresses to, one a line, once a worker is warm. For scripts that take port 0 and "
         "must know the port, and when to begin"),
    Flag("tls-cert", _PATH, None, "none",
         "PEM certificate chain of the server. Give it and --tls-key when callers come over a network; "
         "unix sockets stay without TLS"),
    Flag("tls-key", _PATH, None, "none", "PEM private key of --tls-cert. Keep its file readable by the server alone"),
    Flag("tls-client-ca", _PATH, None, "none",
         "PEM certificates of the authorities whose clients may call. Give it to admit only callers that hold a "
         "certificate"),
    Flag("auth-tokens", _PATH, None, "none",
         "file of the tokens that callers must have, made by gridgrad-server token add. Give it where not everyone who "
         "can reach the server may use it; SIGHUP reads it again"),
    Flag("auth-jwt", _PATH, None, "none",
         "file of the keys (JWKS) by which JSON Web Tokens are verified that callers show; with --auth-jwt-issuer and "
         "--auth-jwt-audience. Give it where an identity provider makes tokens; needs the extra gridgrad[auth]"),
    Flag("auth-jwt-issuer", click.STRING, None, "none", "what these tokens must name as iss. With --auth-jwt"),
    Flag("auth-jwt-audience", click.STRING, None, "none", "what they must name as aud. With --auth-jwt"),
    Flag("auth-certificates", SWITCH, False, "off",
         "whether a certificate of --tls-client-ca says who calls, with the role call. Say it where callers have "
         "certificates of their own; needs the extra gridgrad[auth]"),
    Flag("quota", click.STRING, (), "none",
         "NAME=VALUE, what one principal may take, or where there are none one host: requests, bytes, cost-rate, "
         "sessions, lanes, preparations, array-bytes, cache-bytes, weight. Give some where one caller must leave room "
         "for others; lines of --auth-tokens say others", repeated=True),
    Flag("auth-health", SWITCH, False, "off",
         "whether the health service needs a token too. Probes and the health checks of clients with several servers "
         "then fail, so say it only where nobody may know that a server is there"),
    Flag("auth-open-metrics", SWITCH, False, "off",
         "whether metrics are served without a token all the same. Say it where only the collector reaches --metrics"),
    Flag("workers", CountOrAuto(), 0, "auto",
         "worker processes; auto is one for each GPU, else 1, and with --ray one for each GPU of the cluster, else for "
         "each --ray-cpus of its processors. Raise it on a CPU with many cores, which one process can't fill with "
         "small grids; lower it to leave GPUs to others"),
    Flag("max-workers", Count(1), None, "none",
         "most worker processes, in place of --workers: there are more while batches wait and fewer when workers have "
         "nothing to do, those of --ray if it is given. Give it where load comes and goes"),
    Flag("min-workers", Count(0), 1, "1",
         "fewest of these. Raise it where the first calls after a quiet time may not wait for a worker to start; 0 "
         "goes with --local-workers"),
    Flag("idle-timeout", Seconds(), 60.0, "60",
         "seconds that a worker beyond --min-workers may have nothing to do before it ends. Raise it where workers are "
         "slow to start, lower it where nodes cost money"),
    Flag("ray", click.STRING, None, "none",
         "HOST:PORT of a Ray cluster to run the workers in, or auto for the one that runs on this machine. For more "
         "than one machine; needs the extra gridgrad[ray]"),
    Flag("ray-cpus", Count(1), 1, "1",
         "processors that each worker of a Ray cluster takes of its node. Raise it for few workers with large grids"),
    Flag("ray-channel", click.Choice(["auto", "socket", "calls"]), "auto", "auto",
         "what carries batches to workers of --ray: auto is memory where they run on this machine, else a socket to "
         "each, else calls of Ray. Say calls to open no ports beside those of Ray, socket to share no memory"),
    Flag("local-workers", Count(0), 0, "0",
         "worker processes on this machine beside those of --ray. Give some to serve on when the cluster is gone"),
    Flag("device", click.Choice(["auto", "cpu", "cuda"]), "auto", "auto",
         "where to compute: auto takes the GPUs there are, else the processor. Say cpu to leave GPUs alone, cuda to "
         "fail rather than fall back"),
    Flag("engine", click.Choice(["structured", "functional"]), "structured", "structured",
         "what computes expressions: structured is fast, functional evaluates them as it does registered functions. "
         "Say functional to compare the two"),
    Flag("registered-engine", click.Choice(["auto", "functional"]), "auto", "auto",
         "what computes registered functions: auto traces them to expressions where torch computes the same by these, "
         "functional has torch compute all. Say functional to compare both, or where functions do more than compute"),
    Flag("compile", SWITCH, True, "on",
         "whether expressions that prove hot, or are prepared, are compiled in the background. Say --no-compile where "
         "no machine code may be made or kept"),
    Flag("hot-points", Count(1), 1 << 21, "2097152",
         "points of an expression that a worker computes before it compiles it. Lower it for few expressions that are "
         "used for long, raise it where most are used once"),
    Flag("hot-pieces", Count(1), 50, "50",
         "or grids of it, small ones and pieces of large ones, whatever comes first. As --hot-points"),
    Flag("cache", _PATH, None, "~/.cache/gridgrad",
         "directory that compiled code is kept in, private to the server's user. Give it one that outlives the "
         "container, so that a restart need not compile again"),
    Flag("cache-bytes", Bytes(), 512 * MIB, "512MiB",
         "how much compiled code may take on disk; what was used longest ago goes first. Raise it for thousands of "
         "expressions"),
    Flag("compile-timeout", Seconds(), 600.0, "600",
         "seconds after which a compilation is given up. Lower it where strangers call, raise it on a slow machine"),
    Flag("functions", Module(), (), "none",
         "module with registered Python functions, or model, to load into the workers. For what is no expression",
         repeated=True),
    Flag("expressions", Paths(), (), "none",
         "TOML file of formulas that callers name, or directory of such files. Give it where a team shares formulas "
         "that are mended in one place; SIGHUP reads it again", repeated=True),
    Flag("queue-entries", Count(1), 1024, "1024",
         "requests held at once, waiting or computing; more are refused as busy. Raise it for many patient callers, "
         "lower it to refuse early"),
    Flag("queue-bytes", Bytes(), GIB, "1GiB",
         "bytes of requests and results held at once; more are refused as busy. Bounds the server's memory"),
    Flag("batch-cost", Count(1), 1 << 18, "262144",
         "cost of the entries computed together: points x components x derivatives. Raise it for throughput of "
         "small grids, lower it for their latency"),
    Flag("piece-cost", Count(1), 1 << 19, "524288",
         "cost of the pieces into which large grids are cut. Raise it on a GPU, which wants large pieces; lower it "
         "to keep small requests quick beside large ones"),
    Flag("request-cost", Count(1), None, "none",
         "largest cost of one request. None is needed for memory: of a grid of any size only a few pieces are held. "
         "Give one where strangers call, to bound the time that one request may compute"),
    Flag("message-bytes", Bytes(), 64 * MIB, "64MiB",
         "largest message accepted. Raise it for large coefficient fields; every caller may make the server hold one"),
    Flag("unary-result-bytes", Bytes(), 2 * MIB, "2MiB",
         "largest result of the unary call; larger ones are streamed. Raise it for clients that can't stream"),
    Flag("sessions", Count(0), 256, "256",
         "sessions open at once: callers of the same user on this machine get them, with results in shared memory. "
         "Raise it for many such processes; 0 opens none"),
    Flag("lanes", Count(0), 64, "64",
         "sessions that may have a lane at once: memory by which their bound calls go to a worker and back without the "
         "server. Raise it for many such loops; 0 gives none"),
    Flag("session-bytes", Bytes(), GIB, "1GiB",
         "bytes of results that lie in the memory of sessions, of all together; beyond, they go over the socket. Raise "
         "it for callers that keep large results"),
    Flag("session-socket", _PATH, None, "none",
         "path of a unix socket at which callers on this machine get sessions without a call of gRPC. Give it for "
         "callers in other languages"),
    Flag("session-group", click.STRING, None, "none",
         "group whose members may use --session-socket too; else the server's user alone. Give one where they run as "
         "other users"),
    Flag("array-bytes", Bytes(0), 256 * MIB, "256MiB",
         "bytes of arrays, such as tables, that are kept so that callers need not send them again; what was used "
         "longest ago goes first. Raise it for many large tables; 0 keeps none"),
    Flag("piece-timeout", Seconds(), 60.0, "60",
         "seconds that a batch may compute before its worker is killed and replaced. Raise it for registered "
         "functions that are slow by nature"),
    Flag("derive-timeout", Seconds(), 5.0, "5",
         "seconds of a processor that a helper may take to parse an expression, to derive it or to explain it. Raise "
         "it for very long expressions, lower it where strangers call"),
    Flag("stall-timeout", Seconds(), 30.0, "30",
         "seconds that a caller may take nothing of its answer before the call is ended. Lower it where strangers "
         "call, raise it for readers that pause"),
    Flag("drain-timeout", Seconds(), 30.0, "30",
         "seconds that accepted calls get to finish after SIGTERM. Keep it below what the supervisor waits before "
         "it kills"),
    Flag("keepalive", Seconds(), 30.0, "30",
         "seconds between pings on a quiet connection. Lower it where a firewall forgets connections sooner"),
    Flag("metrics", TcpAddress(), None, "none",
         "HOST:PORT to serve metrics for Prometheus on, such as localhost:9464, by HTTP and without TLS. Give it to "
         "watch the server; needs the extra gridgrad[metrics]"),
    Flag("http", TcpAddress(), None, "none",
         "HOST:PORT to serve the same calls on by HTTP, such as localhost:8080; HTTPS where --tls-cert is given. For "
         "curl, browsers and languages without gRPC; needs the extra gridgrad[http]"),
    Flag("http-host", click.STRING, (), "none",
         "name by which callers of --http reach this machine, beside localhost and the one that is listened on. Give "
         "it where a page calls the server by a name of the network; any other is refused", repeated=True),
    Flag("http-origin", click.STRING, (), "none",
         "origin of web pages, such as https://app.example, that may call --http from a browser. Give it for pages "
         "that this server does not serve itself", repeated=True),
    Flag("traces", SWITCH, False, "off",
         "whether to send traces by OpenTelemetry, as the environment's OTEL_ variables say. Give it to see where the "
         "time of single calls goes; needs the extra gridgrad[otel]"),
    Flag("log-format", click.Choice(["text", "json"]), "text", "text",
         "text for people to read, json for collectors of logs"),
    Flag("log-level", click.Choice(["debug", "info", "warning", "error"]), "info", "info",
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
    auth_tokens: Path | None
    auth_jwt: Path | None
    auth_jwt_issuer: str | None
    auth_jwt_audience: str | None
    auth_certificates: bool
    quota: tuple[str, ...]
    auth_health: bool
    auth_open_metrics: bool
    workers: int
    max_workers: int | None
    min_workers: int
    idle_timeout: float
    ray: str | None
    ray_cpus: int
    ray_channel: str
    local_workers: int
    device: str
    engine: str
    registered_engine: str
    compile: bool
    hot_points: int
    hot_pieces: int
    cache: Path | None
    cache_bytes: int
    compile_timeout: float
    functions: tuple[str, ...]
    expressions: tuple[Path, ...]
    queue_entries: int
    queue_bytes: int
    batch_cost: int
    piece_cost: int
    request_cost: int | None
    message_bytes: int
    unary_result_bytes: int
    sessions: int
    lanes: int
    session_bytes: int
    session_socket: Path | None
    session_group: str | None
    array_bytes: int
    piece_timeout: float
    derive_timeout: float
    stall_timeout: float
    drain_timeout: float
    keepalive: float
    metrics: str | None
    http: str | None
    http_host: tuple[str, ...]
    http_origin: tuple[str, ...]
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

    def least_of(self, workers: int) -> int:
        """How many workers there are always.

        Args:
            workers: that there may be.
        """
        return workers if self.max_workers is None else workers - self.max_workers + self.min_workers

    @property
    def has_auth(self) -> bool:
        """Whether callers need credentials."""
        return self.auth_tokens is not None or self.auth_jwt is not None or self.auth_certificates

    def _problem(self) -> str | None:
        try:
            limits_of(self.quota)
        except ValueError as error:
            return f"--quota: {error}"
        if (self.tls_cert is None) != (self.tls_key is None):
            return "--tls-cert and --tls-key go together: give both or neither"
        if self.tls_client_ca and not self.tls_cert:
            return "--tls-client-ca needs --tls-cert and --tls-key: give the server a certificate too"
        for path in (self.tls_cert, self.tls_key, self.tls_client_ca):
            if path and not path.is_file():
                return f"{path} is no file: give the path of a PEM file"
        if not self.has_auth and (self.auth_health or self.auth_open_metrics):
            return "--auth-health and --auth-open-metrics are for servers with credentials: give --auth-tokens too"
        if len({self.auth_jwt is None, self.auth_jwt_issuer is None, self.auth_jwt_audience is None}) > 1:
            return "--auth-jwt, --auth-jwt-issuer and --auth-jwt-audience go together: give all or none"
        if self.auth_certificates and not self.tls_client_ca:
            return "--auth-certificates needs --tls-client-ca, whose certificates they are: give it too"
        if self.address_file and (problem := address_file.problem_of(self.address_file)):
            return problem
        if len(set(self.listen)) != len(self.listen):
            return "--listen names an address twice: give each once"
        if self.session_group and not self.session_socket:
            return "--session-group says who may use --session-socket: give it too"
        if not self.http and (self.http_host or self.http_origin):
            return "--http-host and --http-origin are for servers with --http: give it too"
        if "*" in self.http_origin:
            return "--http-origin names each origin: any page of the web could call the server by *"
        if self.local_workers and not self.ray:
            return "--local-workers counts those beside --ray: without that say --workers"
        return self._problem_of_range()

    def _problem_of_range(self) -> str | None:
        if self.max_workers is None:
            return "--min-workers goes with --max-workers: give both" if self.min_workers != 1 else None
        if self.workers:
            return "--workers says how many there are always: leave it out, or --max-workers"
        if self.min_workers > self.max_workers:
            return f"--min-workers {self.min_workers} is over --max-workers {self.max_workers}: raise that one"
        if not self.min_workers and not self.local_workers:
            return "--min-workers 0 leaves no worker to answer the first call: give 1, or --ray with --local-workers"
        return None
