#!/usr/bin/env python3
"""Give customers u000000 to u0NNNNN a yes to personalisation and a month of uses of the menu: history.py BASE KEY N"""
import json
import random
import sys
import urllib.request

base, key, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
choose = random.Random(7)


def send(batch):
    request = urllib.request.Request(base + "/v1/import", json.dumps({"batch": batch}).encode(),
                                     {"Authorization": "Bearer " + key, "Content-Type": "application/json"})
    urllib.request.urlopen(request).read()


batch = []
for customer in range(n):
    user = "u%06d" % customer
    batch.append({"type": "track", "userId": user, "messageId": "y-" + user, "event": "Consent Given", "timestamp": "2026-01-02T08:00:00Z",
                  "properties": {"purpose": "personalisation", "control": {"preset": False}}})
    favourites = choose.sample(range(50), 6)
    for use in range(20):
        option = favourites[min(choose.randrange(6), choose.randrange(6))]
        batch.append({"type": "screen", "userId": user, "messageId": "s-%s-%d" % (user, use), "name": "o%02d" % option,
                      "timestamp": "2026-01-%02dT%02d:00:00Z" % (3 + use, 8 + use % 12), "context": {"channel": "app"}})
    if len(batch) > 1500:
        send(batch)
        batch = []
send(batch)
