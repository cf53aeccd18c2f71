"""What benchmarks in Python share: a server of a given binary, its processor seconds, the load, medians with intervals."""
import atexit
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
LOAD = os.path.join(ROOT, "build/bench/bench_load")
WORK = tempfile.mkdtemp(prefix="attune-bench-", dir=os.environ.get("ATTUNE_BENCH_DIR"))
running = []


@atexit.register
def clean():
    for server in running:
        if server.process:
            server.process.send_signal(signal.SIGCONT)
            server.process.kill()
            server.process.wait()
    shutil.rmtree(WORK, ignore_errors=True)


class Server:
    """One program on one new data folder."""

    def __init__(self, binary, port, name, *flags):
        self.binary, self.port, self.flags, self.process = binary, port, flags, None
        self.folder = os.path.join(WORK, name)
        made = subprocess.run([binary, "init", self.folder, "--json"], capture_output=True, text=True, check=True)
        keys = json.loads(made.stdout)
        self.secret, self.write, self.signing = keys["secret_key"], keys["write_key"], keys["signing_secret"]
        running.append(self)

    def start(self):
        self.process = subprocess.Popen([self.binary, "serve", self.folder, "--port", str(self.port), "--log-level", "warning", *self.flags])
        while True:
            if self.process.poll() is not None:
                raise SystemExit("%s did not start: exit %d" % (self.binary, self.process.returncode))
            try:
                if self.ask("GET", "/readyz", key=None).startswith(b"ready"):
                    return self
            except OSError:
                time.sleep(0.01)

    def ask(self, method, path, body=None, key="", headers=None):
        data = json.dumps(body).encode() if body is not None else None
        all_headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + (key or self.secret)} if key is not None else {}), **(headers or {})}
        with urllib.request.urlopen(urllib.request.Request(self.url() + path, data, all_headers, method=method), timeout=120) as answer:
            return answer.read()

    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def processor_s(self):
        fields = open("/proc/%d/stat" % self.process.pid).read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def load(self, mode, seconds, *flags):
        run = subprocess.run([LOAD, "--port", str(self.port), "--mode", mode, "--key", self.secret, "--seconds", str(seconds), *flags],
                             capture_output=True, text=True, check=True)
        return json.loads(run.stdout)


def median_interval(values):
    """The median, and an interval that holds the true one in about 95 of 100 cases where there are nine values: the second and the
    second to last. With fewer than six values: the least and the greatest."""
    ordered = sorted(values)
    trim = 1 if len(ordered) >= 6 else 0
    return statistics.median(ordered), ordered[trim], ordered[-1 - trim]


def port_free(start):
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", start)) != 0:
                return start
        start += 1
