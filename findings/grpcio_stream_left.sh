#!/usr/bin/env bash
# grpcio 1.85.1: a stream of a channel with ChannelOptions.SingleThreadedUnaryStream that is cancelled before its end is
# never freed, nor is its connection, however the channel is closed and whatever is collected.
#
# Observed: ten channels, each with one stream of which the first message is taken, cancelled, and closed. With the option
# ten sockets stay open, without it none. After cancel, every public method answers by what it knows already, so that
# nothing takes the end of the call off its queue, which holds the call.
# What to do instead: take it off by the private `_consume_next_event` until `_state.due` is empty, or read streams to their end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -q --disable-pip-version-check grpcio==1.85.1
"$folder/env/bin/python" - <<'PYTHON'
import concurrent.futures
import gc
import sys
import time
from pathlib import Path

import grpc
from grpc.experimental import ChannelOptions

CHANNELS = 10


class Handlers(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_stream_rpc_method_handler(lambda request, context: iter([b"first", b"second"]))


def connected(port):
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()]
    return sum(line[2].endswith(f":{port:04X}") and line[3] == "01" for line in lines)


def left(port, options, take_in_end):
    """How many connections there are, some seconds after ten channels were closed."""
    for _ in range(CHANNELS):
        with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1), *options]) as channel:
            call = channel.unary_stream("/a/b")(b"")
            next(call)
            call.cancel()
            while take_in_end and call._state.due:
                call._consume_next_event()
            del call
    del channel
    gc.collect()
    time.sleep(3)
    return connected(port)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[Handlers()])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
single = [(ChannelOptions.SingleThreadedUnaryStream, 1)]
found = {
    "by default": left(port, [], False),
    "with the option, and the end taken in": left(port, single, True),
    "with the option": left(port, single, False),
}
server.stop(0)
for name, count in found.items():
    print(f"{name}: {count} of {CHANNELS} connections are left")
sys.exit(list(found.values()) != [0, 0, CHANNELS])
PYTHON
