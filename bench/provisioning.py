#!/usr/bin/env python3
"""What recording costs a large Pulumi run, and how late its records are. Never a test.

usage: provisioning.py SITELOG_BIN_DIR CAPTURE_WITH_PLAIN_EVENTS [REPEAT]

The folder holds `sitelog` and the replayer `pulumi`. The capture's events are spread evenly over its recorded duration, for it
holds no arrival times. Prints a Markdown table. Read the ratio within one run, and the load beside it.
"""
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

BIN, CAPTURE = sys.argv[1], sys.argv[2]
REPEAT = int(sys.argv[3]) if len(sys.argv) > 3 else 3
WORK = tempfile.mkdtemp(prefix="sitelog-bench-")
LATE, TAKEN = [], [0]


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes OTLP/JSON and notes how long after its arrival each audit record came."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        now = time.time_ns()
        self.send_response(200)
        self.send_header("content-length", "2")
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")
        for resource in json.loads(body).get("resourceLogs", []):
            for scope in resource["scopeLogs"]:
                for record in scope["logRecords"]:
                    TAKEN[0] += 1
                    if record.get("eventName"):
                        LATE.append((now - int(record["observedTimeUnixNano"])) / 1e6)

    def log_message(self, *args):
        pass


def spread():
    """The capture with an arrival time for each event."""
    folder = os.path.join(WORK, "capture")
    shutil.copytree(CAPTURE, folder)
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    run = json.load(open(os.path.join(folder, "run.json")))
    events = open(os.path.join(folder, "events.ndjson"), encoding="utf-8").read().splitlines()
    step = run["duration_ms"] / len(events)
    with open(os.path.join(folder, "events.arrival.ndjson"), "w", encoding="utf-8") as out:
        for number, event in enumerate(events):
            out.write(json.dumps({"t_ms": number * step, "stream": 1, "event": json.loads(event)}) + "\n")
    return folder, len(events)


def timed(argv, env):
    before, began = os.times(), time.perf_counter()
    subprocess.run(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    to_sink = ["--otlp.endpoint", f"http://127.0.0.1:{server.server_port}", "--otlp.protocol", "http/json"]
    capture, events = spread()
    env = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": WORK, "REPLAY": capture, "REPLAY_SPEED": "1"}
    engine, up = os.path.join(BIN, "pulumi"), ["pulumi", "up", "--yes", "--skip-preview"]
    log = os.path.join(WORK, "events.log")
    alone = {**env, "PULUMI_DEBUG_COMMANDS": "true", "PULUMI_OPTION_EVENT_LOG": log}
    bare, recorded = [], []
    for _ in range(REPEAT):
        bare.append(timed(up, alone))
        recorded.append(timed(["sitelog", "run", *to_sink, "--", *up], env))
    (wall, cpu), (wall_recorded, cpu_recorded) = min(bare), min(recorded)
    late = list(LATE)
    fast = {**env, "REPLAY_SPEED": "0"}
    data = ["--data-dir", os.path.join(WORK, "backlog")]
    for _ in range(4):
        timed(["sitelog", "run", *data, "--", *up], fast)
    before = TAKEN[0]
    drained, _ = timed(["sitelog", "flush", *data, *to_sink], fast)
    backlog = TAKEN[0] - before
    shim = ["sh", "-c", f"i=0; while [ $i -lt 50 ]; do pulumi version >/dev/null; i=$((i+1)); done"]
    direct = ["sh", "-c", f"i=0; while [ $i -lt 50 ]; do {engine} version >/dev/null; i=$((i+1)); done"]
    through = min(timed(["sitelog", "run", *data, "--", *shim], fast)[0] for _ in range(3))
    past = min(timed(["sitelog", "run", *data, "--", *direct], fast)[0] for _ in range(3))
    print(f"{events} events, best of {REPEAT}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| what | figure |\n| --- | ---: |")
    print(f"| engine alone, events to a file | {wall:.2f} s, {cpu:.2f} CPU-s |")
    print(f"| under `sitelog run`, with delivery | {wall_recorded:.2f} s, {cpu_recorded:.2f} CPU-s |")
    print(f"| added | {100 * (wall_recorded / wall - 1):.1f} % |")
    print(f"| event received → at the sink, p50 / p99 | {percentile(late, 0.5):.0f} / {percentile(late, 0.99):.0f} ms |")
    print(f"| backlog of {backlog} records: `sitelog flush` | {drained:.2f} s, {backlog / drained:,.0f} records/s |")
    print(f"| a shim that only steps aside | {20 * (through - past):.1f} ms |")
    shutil.rmtree(WORK, ignore_errors=True)


main()
