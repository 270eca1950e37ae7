#!/usr/bin/env bash
# grpcio 1.85.1: grpc.keepalive_timeout_ms has no effect on a client's channel. How long a ping may go unanswered is
# grpc.http2.ping_timeout_ms, and without that a minute. And of two options with one name the first counts, not the last.
#
# Observed: with keepalive_time and keepalive_timeout of 2 s each a call to a server that was stopped ends after 62 s; with
# ping_timeout of 2 s after 4 s. With keepalive_time given as 8 s and then as 2 s it ends 8 s plus ping_timeout later.
# What to do instead: set both timeouts, and give each option once.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -q --disable-pip-version-check grpcio==1.85.1
cat > "$folder/server.py" <<'PYTHON'
import concurrent.futures
import time

import grpc


class Handlers(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_stream_rpc_method_handler(self.stream)

    def stream(self, request, context):
        yield b"first"
        while context.is_active():
            time.sleep(0.1)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[Handlers()])
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
PYTHON
"$folder/env/bin/python" - "$folder/server.py" <<'PYTHON'
import signal
import subprocess
import sys
import threading
import time

import grpc

TIME, TIMEOUT, PING = "grpc.keepalive_time_ms", "grpc.keepalive_timeout_ms", "grpc.http2.ping_timeout_ms"
OURS = [("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0)]  # one connection each, and no other pings
CASES = {
    "keepalive_timeout of 2 s": ([(TIME, 2000), (TIMEOUT, 2000)], 62),
    "ping_timeout of 2 s": ([(TIME, 2000), (PING, 2000)], 4),
    "keepalive_time of 8 s, then of 2 s": ([(TIME, 8000), (TIME, 2000), (PING, 2000)], 10),
}
took = {}
server = subprocess.Popen([sys.executable, sys.argv[1]], stdout=subprocess.PIPE, text=True)
try:
    address = f"127.0.0.1:{int(server.stdout.readline())}"
    threads, channels = [], []
    for name, (options, _) in CASES.items():
        channels.append(grpc.insecure_channel(address, [*OURS, *options]))
        call = channels[-1].unary_stream("/a/b")(b"")
        next(call)

        def wait(name=name, call=call):
            try:
                next(call)
            except grpc.RpcError:
                took[name] = time.monotonic() - began

        threads.append(threading.Thread(target=wait, daemon=True))
    began = time.monotonic()
    server.send_signal(signal.SIGSTOP)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(80)
finally:
    server.kill()
    server.wait()
for name, (_, expected) in CASES.items():
    print(f"{name}: the call ended after {took.get(name, float('nan')):.1f} s")
sys.exit(not all(abs(took.get(name, 0) - expected) < 1.5 for name, (_, expected) in CASES.items()))
PYTHON
