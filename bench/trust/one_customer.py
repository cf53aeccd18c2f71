"""One customer with many events: how long the rights take. usage: one_customer.py URL KEY EVENTS"""
import json, statistics, sys, time, urllib.request

url, key, n = sys.argv[1], sys.argv[2], int(sys.argv[3])


def ask(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url + path, data, {"Authorization": "Bearer " + key, "Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def took(times, *what):
    spans = []
    for _ in range(times):
        begun = time.perf_counter()
        answer = ask(*what)
        spans.append(time.perf_counter() - begun)
    return statistics.median(spans) * 1000, len(answer), answer


ask("POST", "/v1/identify", {"userId": "rights", "traits": {"name": "Rights Bench", "email": "rights@bench.example"}})
for first in range(0, n, 500):
    ask("POST", "/v1/batch", {"batch": [{"type": "track", "userId": "rights", "event": "Cash Withdrawn", "messageId": "rights-%d" % (first + i),
                                         "properties": {"amount": 20 + i % 9, "notes": "20x3"}, "context": {"channel": "machine"}} for i in range(500)]})
cid = json.loads(ask("GET", "/v1/customers?identifier=user:rights"))["cid"]
decide = ("POST", "/v1/decide", {"customer": {"cid": cid}, "surface": "machine-withdrawal"})
rows = [("decide, agreed to nothing", took(200, *decide))]
ask("POST", "/v1/customers/%s/consents" % cid, {"purpose": "personalisation", "answer": "yes"})
rows.append(("decide, agreed", took(200, *decide)))
rows.append(("consents, with the ledger", took(20, "GET", "/v1/customers/%s/consents" % cid)))
rows.append(("export as JSON", took(5, "GET", "/v1/customers/%s/export" % cid)))
rows.append(("export as a zip", took(5, "GET", "/v1/customers/%s/export?format=zip" % cid)))
rows.append(("erase, with the search", took(1, "DELETE", "/v1/customers/%s" % cid)))
print("%-28s %12s %12s" % ("a customer of %d events" % n, "ms", "bytes"))
for name, (ms, size, _) in rows:
    print("%-28s %12.2f %12d" % (name, ms, size))
statement = json.loads(json.loads(rows[-1][1][2])["statement"])
search = statement["search"]
print("searched %d files, %d MB, found in %d" % (search["files"], search["bytes"] // 1000000, search["found_in_files"]))
