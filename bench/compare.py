#!/usr/bin/env python3
"""Two commits beside each other: script/bench compare COMMIT NAME…

Builds COMMIT in a folder of its own and runs each benchmark NAME on both programs in turn: ours, theirs, ours, theirs. While one is
measured the other is stopped. For each pair the ratio of the rates counts, and beside it that of processor seconds a unit, which
says more on a machine that others use, too. The bar is broken when the whole interval of the median ratio lies below 0.97.

Names: collect, collect-batch, decide, trust (batches that are sealed), start. ATTUNE_BENCH_ROUNDS (9), ATTUNE_BENCH_START_ROUNDS (3),
ATTUNE_BENCH_CUSTOMERS (100,000) and ATTUNE_BENCH_EVENTS (2,000,000) of start. The last line is "compare: R to COMMIT", R the least
median ratio; exit 1 when a bar is broken.
"""
import os
import subprocess
import sys
import time

from servers import ROOT, Server, median_interval, port_free

BAR = 0.97
ROUNDS = int(os.environ.get("ATTUNE_BENCH_ROUNDS", "9"))
START_ROUNDS = int(os.environ.get("ATTUNE_BENCH_START_ROUNDS", "3"))
CUSTOMERS = int(os.environ.get("ATTUNE_BENCH_CUSTOMERS", "100000"))
EVENTS = int(os.environ.get("ATTUNE_BENCH_EVENTS", "2000000"))
SECONDS = 3


def run(command, folder=ROOT):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit("compare: %s failed:\n%s" % (" ".join(command), (done.stdout + done.stderr)[-3000:]))
    return done.stdout


def build(commit):
    """The program of @commit, built once and kept in .cache."""
    sha = run(["git", "rev-parse", "--verify", commit + "^{commit}"]).strip()
    folder = os.path.join(ROOT, ".cache", "compare", sha[:12])
    binary = os.path.join(folder, "build", "attune")
    if not os.path.exists(binary):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        run(["git", "worktree", "prune"])
        if not os.path.isdir(folder):
            run(["git", "worktree", "add", "--detach", folder, sha])
        for part in ("web", "test"):
            modules = os.path.join(folder, part, "node_modules")
            if not os.path.exists(modules):
                os.symlink(os.path.realpath(os.path.join(ROOT, part, "node_modules")), modules)
        print("building %s" % sha[:12], file=sys.stderr)
        run(["script/build"], folder)
    return sha[:12], binary


def rate_of(server, name):
    """One measurement: units a second, and processor seconds of the server a unit."""
    modes = {"collect": ("track", ["--connections", "64"]), "collect-batch": ("batch", ["--connections", "16"]),
             "trust": ("batch", ["--connections", "16"]), "decide": ("decide", ["--customers", "5000", "--connections", "32"])}
    mode, flags = modes[name]
    before = server.processor_s()
    seen = server.load(mode, SECONDS, *flags)
    used = server.processor_s() - before
    units = seen["requests"] * (100 if mode == "batch" else 1)
    if seen["errors"]:
        sys.exit("compare: %d errors while %s was measured" % (seen["errors"], name))
    return seen["rate"], used / max(units, 1)


def start_of(server):
    """One start after kill -9: starts a second, and processor seconds a start."""
    server.kill()
    begun = time.perf_counter()
    server.start()
    return 1 / (time.perf_counter() - begun), server.processor_s()


def prepare(server, name):
    server.start()
    if name == "decide":
        run([server.binary, "apply", os.path.join(ROOT, "bench/decide"), "--key", server.secret, "--server", server.url()])
        run([sys.executable, os.path.join(ROOT, "bench/decide/history.py"), server.url(), server.secret, "5000"])
    if name == "start":
        stored = 0
        while stored < EVENTS:
            stored += server.load("batch", 5, "--connections", "16", "--customers", str(CUSTOMERS))["requests"] * 100
    if name != "start":
        rate_of(server, name)  # Warm.
    server.pause()


def compare(name, ours, theirs):
    flags = ["--seal", "off"] if name == "collect-batch" else []
    port = port_free(9181)
    pair = [Server(binary, port_free(port + 2 * i), "%s-%d" % (name, i), *flags) for i, binary in enumerate((ours, theirs))]
    for server in pair:
        prepare(server, name)
    ratios, costs = [], []
    print("%-14s %12s %12s %8s %12s %12s %8s" % (name, "ours/s", "theirs/s", "ratio", "ours cpu", "theirs cpu", "ratio"))
    for i in range(START_ROUNDS if name == "start" else ROUNDS):
        seen = [None, None]
        for which in ((0, 1), (1, 0))[i % 2]:
            pair[which].resume()
            seen[which] = start_of(pair[which]) if name == "start" else rate_of(pair[which], name)
            pair[which].pause()
        (a, a_cpu), (b, b_cpu) = seen
        ratios.append(a / b)
        costs.append(b_cpu / a_cpu)
        print("%-14d %12.4g %12.4g %8.3f %10.2fus %10.2fus %8.3f" % (i + 1, a, b, a / b, a_cpu * 1e6, b_cpu * 1e6, b_cpu / a_cpu), flush=True)
    for server in pair:
        server.resume()
        server.kill()
    ratio, low, high = median_interval(ratios)
    cost, cost_low, cost_high = median_interval(costs)
    broken = high < BAR
    print("%s: rate %.3f (%.3f to %.3f), processor %.3f (%.3f to %.3f)%s" % (name, ratio, low, high, cost, cost_low, cost_high, "  BELOW %.2f" % BAR if broken else ""), flush=True)
    return ratio, broken


def main():
    names = sys.argv[2:]
    known = ("collect", "collect-batch", "decide", "trust", "start")
    if len(sys.argv) < 3 or any(name not in known for name in names):
        print("usage: script/bench compare COMMIT NAME…    names: %s" % " ".join(known), file=sys.stderr)
        return 2
    sha, theirs = build(sys.argv[1])
    ours = os.path.join(ROOT, "build/attune")
    done = [compare(name, ours, theirs) for name in names]
    print("compare: %.3f of the rate of %s, the least of %d (ratio %.3f to %s)" % (min(r for r, _ in done), sha, len(done), min(r for r, _ in done), sha))
    return any(broken for _, broken in done)


sys.exit(main())
