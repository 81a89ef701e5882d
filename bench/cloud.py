#!/usr/bin/env python3
"""What `sitelog cloud` costs beside a simulated Pulumi Cloud. Never a test.

usage: cloud.py BIN_DIR [SCENARIO ...]

The folder holds release builds of `sitelog` and `pulumi-cloud-sim`. Scenarios: cycles, pushes, series, short, large (all
when none is named). Prints Markdown tables. Calls, bytes, CPU seconds and memory do not depend on the machine's load.
"""
import gzip
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

BIN, WANTED = sys.argv[1], sys.argv[2:]
WORK = tempfile.mkdtemp(prefix="sitelog-bench-")
TICKS = os.sysconf("SC_CLK_TCK")
OWN_CONNECTIONS = 1  # The one that asks for the counters.


def fields(message):
    """The length-delimited fields of a protobuf message: number and bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 2:
            length = varint()
            yield key >> 3, message[at : at + length]
            at += length
        elif key & 7 == 0:
            varint()
        else:
            at += 8 if key & 7 == 1 else 4


def series(request):
    """Name and attributes of every point of Pulumi's metrics (ExportMetricsServiceRequest)."""
    of = lambda message, *numbers: (value for number, value in fields(message) if number in numbers)
    for resource in of(request, 1):
        for scope in of(resource, 2):
            for metric in of(scope, 2):
                name = next(of(metric, 1))
                if not name.startswith(b"pulumi_"):
                    continue
                for kind, data in fields(metric):
                    if kind in (5, 7, 9):
                        for point in of(data, 1):
                            yield name, b"".join(of(point, 9 if kind == 9 else 7))


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes OTLP over HTTP and keeps what came."""

    protocol_version = "HTTP/1.1"
    bodies = []

    def do_POST(self):
        Sink.bodies.append((self.headers.get("content-encoding"), self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def free():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ask(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=60) as answer:
        return answer.read().decode()


class Run:
    """A simulation and an exporter."""

    def __init__(self, sim, exporter, orgs=1, sink=None):
        folder = tempfile.mkdtemp(dir=WORK)
        ready = os.path.join(folder, "url")
        argv = [os.path.join(BIN, "pulumi-cloud-sim"), "--orgs", str(orgs), "--ready-file", ready, *map(str, sim)]
        self.sim = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        while not (os.path.exists(ready) and open(ready, encoding="utf-8").read()):
            time.sleep(0.05)
        self.url = open(ready, encoding="utf-8").read()
        self.web = f"http://127.0.0.1:{free()}"
        names = ["acme"] + [f"acme-{number}" for number in range(2, orgs + 1)]
        to = ["--otlp.endpoint", sink] if sink else ["--otlp.endpoint", "none"]
        argv = [os.path.join(BIN, "sitelog"), "cloud", "--pulumi.api-url", self.url, "--state-dir", folder]
        argv += ["--web.listen-address", self.web[7:], "--pulumi.organizations", ",".join(names), *to, *map(str, exporter)]
        env = {"PULUMI_ACCESS_TOKEN": "pul-bench", "HOME": folder, "PATH": os.environ["PATH"]}
        self.exporter = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL)
        self.cycles = 0

    def metrics(self):
        try:
            return ask(self.web + "/metrics")
        except OSError:
            return ""

    def own(self, name):
        found = re.search(rf"^{name} (\S+)$", self.metrics(), re.M)
        return float(found[1]) if found else 0.0

    def cycle(self):
        """Waits for the end of the next cycle and gives how long it took."""
        before = self.own("sitelog_cloud_cycles_total")
        while self.own("sitelog_cloud_cycles_total") == before:
            time.sleep(0.05)
        return self.own("sitelog_cloud_cycle_seconds")

    def everything(self):
        """Waits for the end of the cycle by which each stack has been read and gives how many it took."""
        count = 0
        while count == 0 or self.own("sitelog_cloud_stacks_left") > 0:
            self.cycle()
            count += 1
        return count

    def stats(self):
        """The simulation's counters since they were read last."""
        stats = json.loads(ask(self.url + "/_sim/stats"))
        ask(self.url + "/_sim/stats", "DELETE")
        stats["total"] = sum(sum(statuses.values()) for statuses in stats["calls"].values())
        stats["updates"] = sum(stats["calls"].get("GetStackUpdates", {}).values())
        return stats

    def change(self, percent):
        ask(f"{self.url}/_sim/changes?percent={percent}", "POST")

    def cpu(self):
        words = open(f"/proc/{self.exporter.pid}/stat", encoding="utf-8").read().rsplit(") ", 1)[1].split()
        return (int(words[11]) + int(words[12])) / TICKS

    def peak(self):
        status = open(f"/proc/{self.exporter.pid}/status", encoding="utf-8").read()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def end(self):
        for process in (self.exporter, self.sim):
            process.terminate()
            process.wait()


def table(title, rows):
    print(f"\n### {title}\n\n| | |\n| --- | ---: |")
    for name, value in rows:
        print(f"| {name} | {value} |")
    sys.stdout.flush()


def cycles(_sink):
    """1,500 stacks of 100 past updates: calls, bytes, connections, memory."""
    rows = []
    for sweep in (10**6, 60):
        run = Run(["--stacks", 1500, "--updates", 100], ["--pulumi.collect-interval", "10s", "--pulumi.sweep-cycles", sweep])
        took = run.everything()
        first = run.stats()
        run.cycle()
        run.stats()
        run.cycle()
        unchanged = run.stats()
        run.change(2)
        run.cycle()
        changed = run.stats()
        kind = f"sweep in {sweep} cycles" if sweep == 60 else "no sweep"
        rows += [
            (f"{kind}: until each is read, cycles (of 9 s at most), calls (of histories)", f"{took}, {first['total']} ({first['updates']})"),
            (f"{kind}: until each is read, MiB", f"{first['bytesOut'] / 2**20:.2f}"),
            (f"{kind}: until each is read, connections, calls at once", f"{first['connections'] - OWN_CONNECTIONS}, {first['peakConcurrent']}"),
            (f"{kind}: unchanged, calls (of histories)", f"{unchanged['total']} ({unchanged['updates']})"),
            (f"{kind}: unchanged, KiB", f"{unchanged['bytesOut'] / 1024:.0f}"),
            (f"{kind}: 2 % changed, calls (of histories)", f"{changed['total']} ({changed['updates']})"),
            (f"{kind}: 2 % changed, KiB", f"{changed['bytesOut'] / 1024:.0f}"),
            (f"{kind}: peak RSS, MiB", f"{run.peak():.0f}"),
        ]
        run.end()
    table("1,500 stacks, 100 past updates each, backfill none", rows)


def pushed(stacks, sink, more=()):
    """All history counts and is pushed; gives the run once all was read."""
    Sink.bodies = []
    flags = ["--pulumi.backfill", "all", "--pulumi.collect-interval", "10s", *more]
    run = Run(["--stacks", stacks, "--updates", 100], flags, sink=sink)
    run.everything()
    return run


def one_push(run):
    """The requests of one cycle."""
    run.cycle()
    time.sleep(3)
    Sink.bodies = []
    run.cycle()
    time.sleep(3)
    return Sink.bodies


def plain(encoding, body):
    return gzip.decompress(body) if encoding == "gzip" else body


def pushes(sink):
    """1,500 stacks whose history counts: what a later cycle with its push costs."""
    rows = []
    for protocol in ("http/protobuf", "none"):
        more = ["--otlp.compression", "none"] if protocol == "none" else []
        run = pushed(1500, sink, more)
        bodies = one_push(run)
        before, times = run.cpu(), 3
        for _ in range(times):
            run.cycle()
        time.sleep(4)
        used = (run.cpu() - before) / times
        kind = "not compressed" if protocol == "none" else "as it comes (gzip)"
        rows += [
            (f"{kind}: a push, requests", len(bodies)),
            (f"{kind}: a push, MiB on the wire", f"{sum(len(body) for _, body in bodies) / 2**20:.2f}"),
            (f"{kind}: largest request, KiB on the wire / plain", f"{max(len(body) for _, body in bodies) / 1024:.0f} / {max(len(plain(*each)) for each in bodies) / 1024:.0f}"),
            (f"{kind}: series in the sink / live in the exporter", f"{len({each for body in bodies for each in series(plain(*body))})} / {run.own('sitelog_cloud_series'):.0f}"),
            (f"{kind}: CPU of a later cycle with its push, s", f"{used:.2f}"),
            (f"{kind}: peak RSS, MiB", f"{run.peak():.0f}"),
        ]
        run.end()
    table("1,500 stacks, 100 past updates each, all history counted and pushed", rows)


def cardinality(sink):
    """27,703 series and more: all of them are in the sink."""
    rows = []
    for stacks in (236, 750):
        run = pushed(stacks, sink)
        bodies = one_push(run)
        found = len({each for body in bodies for each in series(plain(*body))})
        rows.append((f"{stacks} stacks: series live in the exporter / in the sink", f"{run.own('sitelog_cloud_series'):.0f} / {found}"))
        run.end()
    table("Series kept", rows)


def short(_sink):
    """400 stacks, 100 ms a call, 4 at once, a cycle of 12 s."""
    flags = ["--pulumi.collect-interval", "12s", "--pulumi.max-concurrency", 4]
    run = Run(["--stacks", 400, "--updates", 5, "--latency", "100ms"], flags)
    rows = []
    for number in range(1, 4):
        run.cycle()
        text = run.metrics()
        seen = len(re.findall(r"^pulumi_stack_last_update_timestamp\{", text, re.M))
        metrics = {name for name in re.findall(r"^(pulumi_\w+)\{", text, re.M) if not name.startswith(("pulumi_stack", "pulumi_update"))}
        rows.append((f"after cycle {number}: stacks read, metrics of the organization (of 12)", f"{seen}, {len(metrics)}"))
    run.end()
    table("Time is short: 400 stacks, 100 ms, 4 calls at once, 12 s", rows)


def large(_sink, at_once=(10, 20)):
    """20,000 stacks in ten organizations, 100 ms a call, 60 s."""
    rows = []
    for concurrency in at_once:
        flags = ["--pulumi.max-concurrency", concurrency]
        began = time.monotonic()
        run = Run(["--stacks", 20000, "--updates", 20, "--latency", "100ms"], flags, orgs=10)
        count = run.everything()
        everything = time.monotonic() - began
        run.stats()
        unchanged = run.cycle()
        calls = run.stats()["total"]
        run.change(2)
        changed = run.cycle()
        more = run.stats()["total"]
        rows += [
            (f"{concurrency} at once: everything seen after cycles, s", f"{count}, {everything:.0f}"),
            (f"{concurrency} at once: unchanged, calls, s", f"{calls}, {unchanged:.1f}"),
            (f"{concurrency} at once: 2 % changed, calls, s", f"{more}, {changed:.1f}"),
            (f"{concurrency} at once: peak RSS, MiB; CPU s in all", f"{run.peak():.0f}; {run.cpu():.1f}"),
        ]
        run.end()
    table("20,000 stacks in ten organizations, 100 ms a call, interval 60 s", rows)


SCENARIOS = {"cycles": cycles, "pushes": pushes, "series": cardinality, "short": short, "large": large}


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in WANTED or SCENARIOS:
        SCENARIOS[name](f"http://127.0.0.1:{server.server_port}")


main()
