#!/usr/bin/env python3
"""Callers who ask too much, beside others who must not notice: script/bench fair [PATTERN]

For each kind of abuse one server, and others beside it: decisions at an even rate, and customers who open their own
page, without the abuser and with it in turn. The bars: p99 of decide at most 2 times, of /me at most 3 times of without (or
below FLOOR_MS, under which a machine's own noise decides). Prints a table; the last line is "fair: R times …", R the worst ratio to
its bar; exit 1 when a bar is broken.
"""
import base64
import hashlib
import hmac
import http.client
import json
import multiprocessing
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid

from servers import LOAD, ROOT, Server, port_free

DECIDE_TIMES, ME_TIMES, FLOOR_MS = 2.0, 3.0, 2.0
SECONDS = float(os.environ.get("ATTUNE_BENCH_SECONDS", "4"))
ROUNDS = 3  # With and without in turn, for a machine has its own quiet and loud minutes; medians count.
DECISIONS, PAGES, READERS = 300, 40, 3  # A second, of the others: enough to see the slowest hundredth, little enough to leave the machine free.
ABUSER = "127.0.0.2"


def token(server, subject):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    signed = part({"alg": "HS256", "typ": "JWT"}) + "." + part({"sub": subject, "exp": int(time.time()) + 3600})
    mac = hmac.new(server.signing.encode(), signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


class Client:
    """A keep-alive connection from an address of its own; opened again when it was closed."""

    def __init__(self, server, address):
        self.server, self.address, self.connection = server, address, None

    def ask(self, method, path, body=None, headers=None):
        data = json.dumps(body).encode() if body is not None else None
        for tries in range(5):
            if not self.connection:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120, source_address=(self.address, 0))
            try:
                self.connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
                if tries == 4:
                    raise


def bearer(key):
    return {"Authorization": "Bearer " + key}


def others_measure(server):
    """p99 in ms of what everybody else does: decisions, and customers' own pages."""
    common = [LOAD, "--port", str(server.port), "--seconds", str(SECONDS)]
    decide = ["--mode", "decide", "--key", server.secret, "--customers", "200", "--connections", "8", "--rate", str(DECISIONS), "--surface", "app-home"]
    pages = [["--mode", "get", "--path", "/me", "--cookie", "attune_portal=" + token(server, "user:u%06d" % i), "--connections", "2", "--rate", str(PAGES)]
             for i in range(READERS)]
    runs = [subprocess.Popen(common + kind, stdout=subprocess.PIPE, text=True) for kind in [decide] + pages]
    seen = [json.loads(run.communicate()[0]) for run in runs]
    if any(one["errors"] for one in seen):
        raise SystemExit("fair: %d questions of others were refused" % sum(one["errors"] for one in seen))
    return seen[0]["p99_us"] / 1000, statistics.mean(one["p99_us"] for one in seen[1:]) / 1000


# ---- what abusers do: prepare(server), then one loop of a thread each ----

def large_prepare(server):
    """One customer with 20,000 events."""
    client = Client(server, ABUSER)
    for first in range(0, 20000, 400):
        batch = [{"type": "track", "userId": "big", "event": "Cash Withdrawn", "messageId": "w%d" % (first + i),
                  "properties": {"amount": 80, "notes": [50, 20, 10], "pad": "y" * 600}} for i in range(400)]
        client.ask("POST", "/v1/batch", {"batch": batch}, bearer(server.secret))


def copies(server, client):
    while True:
        client.ask("GET", "/v1/customers/me/export?format=zip", headers=bearer(token(server, "user:big")))


def own_pages(server, client):
    cookie = {"Cookie": "attune_portal=" + token(server, "user:big")}
    while True:
        client.ask("GET", random.choice(["/me", "/me/why", "/me/receipts"]), headers=cookie)


def late_prepare(server):
    """A visitor with 100,000 events, from the public key."""
    client, sent = Client(server, ABUSER), 0
    while sent < 100000:
        batch = [{"type": "screen", "name": "cards", "anonymousId": "evil", "messageId": "r%d" % (sent + i),
                  "timestamp": "2026-10-%02dT%02d:00:00Z" % (1 + i % 27, i % 24)} for i in range(2400)]
        status, _ = client.ask("POST", "/v1/batch", {"writeKey": server.write, "batch": batch})
        sent += 2400 if status == 200 else 0
        if status != 200:
            time.sleep(0.2)


def late_events(server, client):
    while True:
        client.ask("POST", "/v1/track", {"writeKey": server.write, "event": "Late", "anonymousId": "evil", "messageId": str(uuid.uuid4()), "timestamp": "2026-01-01T00:00:00Z"})
        client.ask("POST", "/v1/decide", {"writeKey": server.write, "surface": "app-home", "customer": {"identifier": "anonymous:evil"}})


def idle_connections(server, client):
    held = []
    while True:
        while len(held) < 1200:
            try:
                one = socket.create_connection(("127.0.0.1", server.port), 2, source_address=(ABUSER, 0))
                one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
                held.append(one)
            except OSError:
                break
        for one in list(held):
            try:
                one.sendall(b"a")
            except OSError:
                one.close()
                held.remove(one)
        time.sleep(0.5)


def streams(server, client):
    held = []
    while True:
        if len(held) >= 600:
            held.pop(0).close()
        try:
            one = socket.create_connection(("127.0.0.1", server.port), 2, source_address=(ABUSER, 0))
            one.sendall(("GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % token(server, "user:big")).encode())
            held.append(one)
        except OSError:
            time.sleep(0.1)
        time.sleep(0.005)


def names(server, client):
    number = 0
    while True:
        batch = [{"type": "page", "anonymousId": "a1", "name": "/p/%d" % (number + i), "messageId": str(uuid.uuid4())} for i in range(200)]
        client.ask("POST", "/v1/batch", {"writeKey": server.write, "batch": batch})
        number += 200
        time.sleep(0.05)


def flood(server, client):
    while True:
        batch = [{"type": "track", "anonymousId": str(uuid.uuid4()), "event": "Flood", "messageId": str(uuid.uuid4()), "properties": {"pad": "x" * 3000}} for _ in range(100)]
        status, _ = client.ask("POST", "/v1/batch", {"writeKey": server.write, "batch": batch})
        if status == 429:
            time.sleep(0.2)


ABUSES = [  # Name, what prepares it, what is done, in how many threads.
    ("copies", large_prepare, copies, 20), ("own pages", large_prepare, own_pages, 20), ("late events", late_prepare, late_events, 6),
    ("idle connections", None, idle_connections, 1), ("streams", large_prepare, streams, 1), ("names", None, names, 2), ("flood", None, flood, 4)]


def abuse_on(server, act, threads):
    """Until it is killed. An abuser has a machine of its own, so that here it gives way to the server and the others."""
    os.nice(19)
    acting = [threading.Thread(target=act, args=(server, Client(server, ABUSER))) for _ in range(threads)]
    for thread in acting:
        thread.start()


def abuse(name, prepare, act, threads):
    # The load comes from 127.0.0.1, which must be an address like any other here.
    server = Server(os.path.join(ROOT, "build/attune"), port_free(9190), name.replace(" ", "-"), "--proxy", "192.0.2.1").start()
    files = sorted(file for file in os.listdir(os.path.join(ROOT, "demo/harbour")) if file.endswith(".yaml"))
    server.ask("POST", "/v1/configuration", {"files": [{"name": file, "text": open(os.path.join(ROOT, "demo/harbour", file)).read()} for file in files]})
    people = [{"type": "identify", "userId": "u%06d" % i, "traits": {"name": "U%d" % i}, "messageId": "i%d" % i} for i in range(200)]
    server.ask("POST", "/v1/batch", {"batch": people})
    if prepare:
        prepare(server)
    others_measure(server)  # Warm.
    pairs = []
    for _ in range(ROUNDS):
        without = others_measure(server)
        abuser = multiprocessing.Process(target=abuse_on, args=(server, act, threads), daemon=True)
        abuser.start()
        time.sleep(2)
        pairs.append((without, others_measure(server)))
        abuser.kill()
        abuser.join()
        time.sleep(1)
    server.kill()
    without, beside = ([statistics.median(pair[side][what] for pair in pairs) for what in (0, 1)] for side in (0, 1))
    worst = 0
    for what, times, a, b in (("decide", DECIDE_TIMES, without[0], beside[0]), ("/me", ME_TIMES, without[1], beside[1])):
        to_bar = max(b, FLOOR_MS) / max(times * a, FLOOR_MS)
        worst = max(worst, to_bar)
        print("%-18s %-8s %10.2f %10.2f %8.2f %8.1f%s" % (name, what, a, b, b / a, times, "  BROKEN" if to_bar > 1 else ""), flush=True)
    return worst


def main():
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [one for one in ABUSES if pattern in one[0]]
    if not chosen:
        print("usage: script/bench fair [PATTERN]    kinds: %s" % ", ".join(one[0] for one in ABUSES), file=sys.stderr)
        return 2
    print("%-18s %-8s %10s %10s %8s %8s" % ("abuse", "others", "p99 ms", "beside ms", "times", "bar"), flush=True)
    worst = max(abuse(*one) for one in chosen)
    print("fair: the worst is %.2f of its bar over %d kinds of abuse (ratio %.3f to the bar)" % (worst, len(chosen), worst))
    return 1 if worst > 1 else 0


sys.exit(main())
