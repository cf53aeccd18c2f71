#!/usr/bin/env python3
"""A damaged byte in every file of a data folder, one at a time: script/fault --flips [--every N] [--seconds S]

Makes a small data folder (three customers, a merge, one who was erased, a snapshot, configuration, staff, keys, audit, refused events, rows,
hashes) and remembers what the server answers. Then, for each byte in use and one in 4,096 of what is zero, flips it, starts the server on a
copy, asks the same, and kills it. Allowed: the start is refused with the file's name; the damage is named and what is named is all that is
missing; nothing changes. Not allowed: another answer, a crash, silence. --every N takes each N-th byte only.
Ends with "flips: N bytes, W wrong"; exit 1 when W is not 0.
"""
import collections, concurrent.futures, json, os, shutil, signal, subprocess, sys, tempfile, time, http.client, urllib.parse, uuid, hmac, hashlib, base64, itertools, random

BINARY = os.path.abspath(os.environ.get("ATTUNE_BINARY", "build/attune"))
ROOM = tempfile.mkdtemp(prefix="attune-flips-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
SETTINGS = ["--log-segment-mb", "1", "--disk-reserve-mb", "1", "--snapshot-every-s", "3600", "--threads", "1", "--workers", "1"]
HARBOUR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../demo/harbour")
NAMES = ["ana", "ben", "cleo"]


class Server:
    def __init__(self, folder, secret):
        self.secret = secret
        self.process = subprocess.Popen([BINARY, "serve", folder, "--port", "0"] + SETTINGS, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        os.set_blocking(self.process.stderr.fileno(), False)
        self.log, self.port, end = "", 0, time.time() + 60
        while not self.port and time.time() < end:
            self.read()
            at = self.log.find("Listening on http://127.0.0.1:")
            if at >= 0:
                self.port = int("".join(itertools.takewhile(str.isdigit, self.log[at + 30:])))
            elif self.process.poll() is not None:
                time.sleep(0.01)
                self.read()
                return
            else:
                time.sleep(0.003)

    def read(self):
        while True:
            part = self.process.stderr.read()
            if not part:
                return
            self.log += part.decode(errors="replace")

    def ask(self, method, path, body=None, key=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Authorization": "Bearer " + (key or self.secret), "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, None

    def end(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait()
        self.read()


def answers(server):
    """Of each part of the folder something that shows whether it is whole."""
    found = {}
    for name in NAMES:
        status, card = server.ask("GET", "/v1/customers?identifier=user:" + name)
        if status != 200:
            found["card " + name] = status
            continue
        events = server.ask("GET", "/v1/customers/%s/timeline?n=1000" % card["cid"])[1]
        consents = server.ask("GET", "/v1/customers/%s/consents" % card["cid"])[1]
        found["card " + name] = [card["cid"], card.get("name"), card.get("identifiers")]
        found["events " + name] = [(e.get("messageId"), e.get("time"), e.get("properties")) for e in (events or {}).get("events", [])]
        found["consents " + name] = consents
    for end in time.time() + 10,:
        status, figures = server.ask("GET", "/v1/journeys")
        while status == 503 and time.time() < end:
            time.sleep(0.05)
            status, figures = server.ask("GET", "/v1/journeys")
    found["figures"] = figures if status == 200 else status
    found["gone"] = server.ask("GET", "/v1/customers?identifier=user:gone")[0]
    found["erasures"] = server.ask("GET", "/v1/erasures")[1]
    found["letters"] = server.ask("GET", "/v1/dead-letters")[1]
    found["configuration"] = [sorted(map(str, server.ask("GET", "/v1/configuration")[1] or []))]
    found["keys"] = server.ask("GET", "/v1/keys")[0]
    return found


def token(secret, subject):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    signed = part({"alg": "HS256", "typ": "JWT"}) + "." + part({"sub": subject, "exp": int(time.time()) + 600})
    return signed + "." + base64.urlsafe_b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()


def make(folder):
    made = json.loads(subprocess.run([BINARY, "init", folder, "--json"], capture_output=True, check=True).stdout)
    server = Server(folder, made["secret_key"])
    files = [{"name": n, "text": open(os.path.join(HARBOUR, n)).read()} for n in sorted(os.listdir(HARBOUR)) if n.endswith(".yaml")]
    assert server.ask("POST", "/v1/configuration", {"files": files})[0] == 200
    event = lambda kind, who, **more: {"type": kind, "userId": who, "messageId": str(uuid.uuid4()), **more}
    batch = [event("identify", n, traits={"name": n.title(), "email": n + "@example.org"}) for n in NAMES + ["gone"]]
    batch += [event("track", n, event="Page Read", properties={"page": i}) for n in NAMES for i in range(3)]
    batch += [{"type": "track", "anonymousId": "a-1", "event": "Seen", "messageId": "m-1"}, event("identify", "ana", anonymousId="a-1")]
    assert server.ask("POST", "/v1/batch", {"batch": batch + [{"type": "track"}]})[0] == 200
    assert server.ask("DELETE", "/v1/customers/me?because=asked", key=token(made["signing_secret"], "user:gone"))[0] == 200
    assert server.ask("POST", "/v1/snapshot", {})[0] == 200
    assert server.ask("POST", "/v1/batch", {"batch": [event("track", "ben", event="After")]})[0] == 200
    server.end(signal.SIGTERM)
    return made["secret_key"]


def places(folder, every):
    """The bytes to flip: (file, offset)."""
    for base, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(base, name)
            file = os.path.relpath(path, folder)
            if name in ("lock", "lock.mdb", "rewriting", "reserve"):
                continue
            data = open(path, "rb").read()
            used = len(data) if file != "sealing/slots" else 64 * 8
            at = [i for i in range(used) if data[i] or any(data[max(0, i - 8):i + 9])] + list(range(0, len(data), 4096))
            for offset in sorted(set(at))[::every]:
                yield file, offset


def kind(file):
    return file if file.count("/") == 0 else file if file.startswith("sealing/") or file.startswith("audit/head") else file.split("/")[0] + "/*" + os.path.splitext(file)[1]


def trial(work):
    whole, secret, wanted, file, offset, number = work
    folder = os.path.join(ROOM, "t%d" % os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    with open(os.path.join(folder, file), "r+b") as f:
        f.seek(offset)
        byte = f.read(1)[0]
        f.seek(offset)
        f.write(bytes([byte ^ (1 if number % 2 else 0xff)]))
    server = Server(folder, secret)
    if not server.port:
        named = file in server.log or (file.split("/")[0] + "/") in server.log
        fine = server.process.returncode == 1 and named
        return file, offset, "refused" if fine else "wrong", "" if fine else "exit %s: %s" % (server.process.returncode, server.log[-300:])
    try:
        found = answers(server)
    except (OSError, http.client.HTTPException) as error:
        found = {"crash": repr(error)}
    alive = server.process.poll() is None
    server.end()
    named = '"event":"damage"' in server.log and (file in server.log or (file.split("/")[0] + "/") in server.log)
    if not alive or "crash" in found:
        return file, offset, "wrong", "crashed: %s %s" % (found.get("crash"), server.log[-300:])
    differ = [k for k in wanted if found.get(k) != wanted[k]]
    if not differ:
        return file, offset, "rebuilt" if named and '"level":"warning","event":"damage"' in server.log else "named" if named else "harmless", ""
    return file, offset, "named" if named else "wrong", "" if named else "differs without a word: %s" % differ


def main():
    every = int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else 1
    seconds = float(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 1e9
    whole = os.path.join(ROOM, "whole")
    secret = make(whole)
    copy = os.path.join(ROOM, "model")
    shutil.copytree(whole, copy)
    server = Server(copy, secret)
    wanted = answers(server)
    server.end()
    chosen = list(places(whole, every))
    random.Random(1).shuffle(chosen)  # So that a run that is cut short has been everywhere.
    table, wrong, begun = collections.defaultdict(collections.Counter), [], time.time()
    work = ((whole, secret, wanted, file, offset, i) for i, (file, offset) in enumerate(chosen))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        while time.time() - begun < seconds:
            part = list(itertools.islice(work, 64))
            if not part:
                break
            for file, offset, outcome, why in pool.map(trial, part, chunksize=4):
                table[kind(file)][outcome] += 1
                if outcome == "wrong":
                    wrong.append((file, offset, why))
                    print("WRONG %s at byte %d: %s" % (file, offset, why), flush=True)
    columns = ["refused", "named", "rebuilt", "harmless", "wrong"]
    print("%-24s %8s " % ("file", "bytes") + " ".join("%9s" % c for c in columns))
    for name in sorted(table):
        print("%-24s %8d " % (name, sum(table[name].values())) + " ".join("%9d" % table[name][c] for c in columns))
    n = sum(sum(row.values()) for row in table.values())
    print("flips: %d bytes, %d wrong" % (n, len(wrong)))
    return 1 if wrong or not n else 0


try:
    status = main()
finally:
    shutil.rmtree(ROOM, ignore_errors=True)
sys.exit(status)
