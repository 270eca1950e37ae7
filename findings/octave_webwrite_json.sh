#!/usr/bin/env bash
# Octave 7.3.0, as Debian 12 has it: webwrite(url, text, weboptions("MediaType", "application/json")) sends no JSON. What
# MATLAB posts as it stands is cut at every "=" and "&" into pairs of a form; without any of them the body is empty, and
# Content-Type is that of a form all the same.
#
# Observed: {"a": 1} arrives as no bytes, with Content-Type application/x-www-form-urlencoded.
# What to do instead: let curl send it, by system().
set -euo pipefail
command -v octave-cli >/dev/null || { echo "needs octave-cli: apt-get install octave"; exit 2; }
python3 - <<'PYTHON'
import http.server
import subprocess
import sys
import threading

seen = []


class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        seen.append((self.headers.get("content-type"), self.rfile.read(length)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = 'weboptions("MediaType", "application/json")'
code = f'webwrite("http://127.0.0.1:{server.server_port}/", jsonencode(struct("a", 1)), {options}); disp(version)'
done = subprocess.run(["octave-cli", "--norc", "--eval", code], capture_output=True, text=True, timeout=60, check=False)
server.shutdown()
print(f"Octave {done.stdout.strip()}: the server saw {seen}")
sys.exit(seen != [("application/x-www-form-urlencoded", b"")])
PYTHON
