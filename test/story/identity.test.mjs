/* Who is who: Segment's rules for what may be joined, what a public page may say of it, and joining and parting by hand. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { identifiersOf, identify, ok, refused, Server, track, uuid } from "./server.mjs";

let server;
before(async () => { server = await Server.start(); });
after(() => server.end());

const named = (...ids) => ids.sort();
const happened = async (cid, ...kinds) => (await server.timeline(cid)).filter((event) => kinds.includes(event.kind));
/* What a card says about somebody, without what passes: how many records there are, and where the customer is now. */
const essence = ({ name, identifiers, traits, preferences, consents, channels, open, next, accessibility, habits, origins }) =>
  ({ name, identifiers, traits, preferences, consents, channels, open, next, accessibility, habits, origins: origins.map(({ origin, identifiers: of, first }) => ({ origin, of, first })) });
const grouping = async (one) => ok(await one.get("/v1/customers?n=200")).customers.map((row) => [row.cid, row.identifiers.sort()]).sort();

describe("with a key that is trusted", () => {
  test("a visitor nobody knew becomes the customer who signs in, with all that was done before", async () => {
    await server.send([track({ anonymousId: "visit-1" }, "Product Viewed", { sku: "lamp" })]);
    const visitor = await server.card("anonymous:visit-1");
    await server.send([identify({ userId: "joins", anonymousId: "visit-1" }, { email: "Joins@Example.org" })]);
    const card = await server.card("user:joins");
    assert.equal(card.cid, visitor.cid, "the oldest id survives");
    assert.deepEqual(identifiersOf(card), named("anonymous:visit-1", "email:joins@example.org", "user:joins"));
    assert.ok((await server.timeline(card.cid)).some((event) => event.name === "Product Viewed"));
    assert.equal((await server.card("email:JOINS@example.ORG")).cid, card.cid);
  });

  test("a known customer on a new device brings the device in", async () => {
    await server.send([identify({ userId: "device" }, { firstName: "Dee" }), track({ anonymousId: "device-phone" }, "Seen")]);
    await server.send([identify({ userId: "device", anonymousId: "device-phone" })]);
    const card = await server.card("user:device");
    assert.deepEqual(identifiersOf(card), named("anonymous:device-phone", "user:device"));
    assert.equal((await server.card("anonymous:device-phone")).cid, card.cid);
    assert.equal(card.origins.length, 2);
  });

  test("two people on one browser stay two, and each keeps what is theirs", async () => {
    await server.send([identify({ userId: "shared-ana", anonymousId: "shared" }, { name: "Ana" }), track({ userId: "shared-ana", anonymousId: "shared" }, "Ana's")]);
    await server.send([identify({ userId: "shared-ben", anonymousId: "shared" }, { name: "Ben" }), track({ userId: "shared-ben", anonymousId: "shared" }, "Ben's")]);
    const ana = await server.card("user:shared-ana"), ben = await server.card("user:shared-ben");
    assert.notEqual(ana.cid, ben.cid);
    assert.deepEqual(identifiersOf(ana), named("anonymous:shared", "user:shared-ana"));
    assert.deepEqual(identifiersOf(ben), ["user:shared-ben"]);
    assert.deepEqual((await happened(ana.cid, "track")).map((event) => event.name), ["Ana's"]);
    assert.deepEqual((await happened(ben.cid, "track")).map((event) => event.name), ["Ben's"]);
    const demoted = await happened(ben.cid, "demote");
    assert.ok(demoted.length >= 1, "and it is written down that the browser was not believed");
    assert.equal(demoted[0].properties.value, "shared");
  });

  test("two people who take turns on one browser stay two, and the log does not say so again and again", async () => {
    const turns = async (from, to) => { for (let i = from; i < to; i++) await server.send([track({ userId: i % 2 ? "turn-b" : "turn-a", anonymousId: "turn-tablet" }, "Seen", { turn: i })]); };
    await turns(0, 50);
    await server.kill();
    await server.up();
    await turns(50, 100);
    const [a, b] = [await server.card("user:turn-a"), await server.card("user:turn-b")];
    assert.notEqual(a.cid, b.cid);
    assert.deepEqual(identifiersOf(a), named("anonymous:turn-tablet", "user:turn-a"));
    assert.deepEqual(identifiersOf(b), named("user:turn-b"));
    const seen = async (card) => (await server.timeline(card.cid)).filter((event) => event.name === "Seen").map((event) => event.properties.turn % 2);
    assert.deepEqual(await seen(a), Array(50).fill(0));
    assert.deepEqual(await seen(b), Array(50).fill(1));
    const demotions = [...await happened(a.cid, "demote"), ...await happened(b.cid, "demote")];
    assert.ok(demotions.length >= 1 && demotions.length <= 2, `${demotions.length} demotions: one a start`);
  });

  test("an e-mail address that is another's is not believed when two userIds would become one", async () => {
    await server.send([identify({ userId: "mail-one" }, { email: "family@example.org" }), identify({ userId: "mail-two" }, { email: "family@example.org" })]);
    const one = await server.card("user:mail-one"), two = await server.card("user:mail-two");
    assert.notEqual(one.cid, two.cid);
    assert.deepEqual(identifiersOf(one), named("email:family@example.org", "user:mail-one"));
    assert.deepEqual(identifiersOf(two), ["user:mail-two"]);
    assert.equal((await happened(two.cid, "demote"))[0].properties.type, "email");
  });

  test("a customer has at most five e-mail addresses: the sixth is left out, the event is kept", async () => {
    for (let i = 1; i <= 6; i++) await server.send([identify({ userId: "mails" }, { email: `mail-${i}@example.org` })]);
    const card = await server.card("user:mails");
    assert.deepEqual(identifiersOf(card), named(...[1, 2, 3, 4, 5].map((i) => `email:mail-${i}@example.org`), "user:mails"));
    assert.equal((await happened(card.cid, "identify")).length, 6);
    assert.equal((await server.get("/v1/customers?identifier=email:mail-6@example.org")).status, 404);
  });

  test("placeholders join nobody", async () => {
    for (const value of ["null", "anonymous", "undefined", "0000", "-1", "none"]) {
      await server.send([track({ userId: `holder-a-${value}`, anonymousId: value }, "Seen"), track({ userId: `holder-b-${value}`, anonymousId: value }, "Seen")]);
      assert.notEqual((await server.card(`user:holder-a-${value}`)).cid, (await server.card(`user:holder-b-${value}`)).cid, value);
    }
  });

  test("an alias is an explicit link: even two userIds become one person, and both names answer", async () => {
    await server.send([identify({ userId: "alias-old" }, { name: "Old" }), identify({ userId: "alias-new" }, { city: "Porto" })]);
    await server.send([{ type: "alias", messageId: uuid(), userId: "alias-new", previousId: "alias-old" }]);
    const card = await server.card("user:alias-old");
    assert.equal(card.cid, (await server.card("user:alias-new")).cid);
    assert.deepEqual(identifiersOf(card), named("user:alias-new", "user:alias-old"));
    assert.equal((await server.timeline(card.cid)).filter((event) => event.kind === "merge").length, 1);
  });

  test("external ids of users join, those of accounts do not", async () => {
    const externalIds = [{ type: "ga_client_id", id: "ga-1", collection: "users" }, { type: "duns", id: "acc-1", collection: "accounts" }];
    await server.send([track({ userId: "external" }, "Seen", {}, { context: { externalIds } })]);
    assert.deepEqual(identifiersOf(await server.card("user:external")), named("ga_client_id:ga-1", "user:external"));
    assert.equal((await server.card("ga_client_id:ga-1")).cid, (await server.card("user:external")).cid);
  });
});

describe("what a public page says of identity", () => {
  const public_ = (one) => ({ key: one.write });
  test("is a claim: it joins nobody, until a secret key says the same", async () => {
    await server.send([identify({ userId: "claimed" }, { name: "Clara" })]);
    await server.send([track({ anonymousId: "claiming" }, "Before"), identify({ userId: "claimed", anonymousId: "claiming" }, { email: "claimed@example.org" }), track({ userId: "claimed", anonymousId: "claiming" }, "After")], public_(server));
    const visitor = await server.card("anonymous:claiming"), clara = await server.card("user:claimed");
    assert.notEqual(visitor.cid, clara.cid);
    assert.deepEqual(identifiersOf(visitor), ["anonymous:claiming"]);
    assert.equal((await happened(clara.cid, "track")).length, 0);
    assert.equal((await server.get("/v1/customers?identifier=email:claimed@example.org")).status, 404);
    await server.send([identify({ userId: "claimed", anonymousId: "claiming" })]);
    const joined = await server.card("user:claimed");
    assert.deepEqual(identifiersOf(joined), named("anonymous:claiming", "user:claimed"));
    assert.deepEqual((await happened(joined.cid, "track")).map((event) => event.name).sort(), ["After", "Before"]);
  });
  test("with a customer token beside it is confirmed, for the userId of the token alone", async () => {
    await server.send([identify({ userId: "vouched" }, { name: "Vera" }), identify({ userId: "not-vouched" }, { name: "Nora" })]);
    const token = server.token("user:vouched");
    await server.send([track({ anonymousId: "vouching" }, "Before"), identify({ userId: "vouched", anonymousId: "vouching" }, {}, { context: { token } }), identify({ userId: "not-vouched", anonymousId: "vouching-too" }, {}, { context: { token } })], public_(server));
    assert.equal((await server.card("user:vouched")).cid, (await server.card("anonymous:vouching")).cid);
    assert.notEqual((await server.card("user:not-vouched")).cid, (await server.card("anonymous:vouching-too")).cid);
    for (const event of await server.timeline((await server.card("user:vouched")).cid)) assert.ok(!JSON.stringify(event).includes(token), "the token is kept nowhere");
  });
  test("with a token that is expired is a claim like any other", async () => {
    await server.send([identify({ userId: "expired" })]);
    await server.send([identify({ userId: "expired", anonymousId: "expired-visit" }, {}, { context: { token: server.token("user:expired", { expires: Date.now() / 1000 - 5 }) } })], public_(server));
    assert.notEqual((await server.card("user:expired")).cid, (await server.card("anonymous:expired-visit")).cid);
  });
  test("without an anonymousId makes somebody of its own, whom the true userId does not become", async () => {
    await server.send([track({ userId: "self-styled" }, "Seen")], public_(server));
    assert.equal((await server.get("/v1/customers?identifier=user:self-styled")).status, 404);
    await server.send([identify({ userId: "self-styled" }, { name: "True" })]);
    assert.equal((await happened((await server.card("user:self-styled")).cid, "track")).length, 0);
  });
  test("about somebody else's browser does not touch that customer", async () => {
    await server.send([identify({ userId: "owner", anonymousId: "owned" }, { name: "Owner" })]);
    await server.send([identify({ userId: "intruder", anonymousId: "owned" }, { name: "Intruder" })], public_(server));
    assert.equal((await server.card("user:owner")).name, "Owner");
  });
  test("joins at once where the company trusts its pages", async () => {
    const trusting = await Server.start({ settings: { "identify-from-public": "trusted" } });
    try {
      await trusting.send([track({ anonymousId: "open" }, "Before"), identify({ userId: "open-ana", anonymousId: "open" }, { email: "open@example.org" })], public_(trusting));
      assert.deepEqual(identifiersOf(await trusting.card("user:open-ana")), named("anonymous:open", "email:open@example.org", "user:open-ana"));
    } finally { await trusting.end(); }
  });
  test("is not listened to where it is off: the anonymousId is kept, a bare userId is refused", async () => {
    const deaf = await Server.start({ settings: { "identify-from-public": "off" } });
    try {
      await deaf.send([identify({ userId: "deaf-ana", anonymousId: "deaf" })], public_(deaf));
      assert.deepEqual(identifiersOf(await deaf.card("anonymous:deaf")), ["anonymous:deaf"]);
      refused(await deaf.post("/v1/track", track({ userId: "deaf-ana" }, "Seen"), public_(deaf)), 400, "blocked_id");
      const rows = ok(await deaf.get("/v1/customers")).customers;
      assert.equal(rows.length, 1, "and no claim is kept as a customer");
    } finally { await deaf.end(); }
  });
});

describe("by hand", () => {
  test("two customers are joined and parted again, and each is as before, to the letter", async () => {
    await server.send([
      identify({ userId: "part-ana", anonymousId: "part-a" }, { name: "Ana", city: "Porto" }, { timestamp: "2026-01-05T10:00:00Z" }),
      track({ userId: "part-ana" }, "Bill Issued", { bill_id: "part-1", payee: "Water", amount: 41.2, due_date: "2026-02-01" }, { timestamp: "2026-01-06T10:00:00Z" }),
      identify({ userId: "part-ben", anonymousId: "part-b" }, { name: "Ben", language: "de" }, { timestamp: "2026-01-07T10:00:00Z" }),
      track({ userId: "part-ben" }, "Bill Issued", { bill_id: "part-2", payee: "Power", amount: 80, due_date: "2026-02-02" }, { timestamp: "2026-01-08T10:00:00Z" }),
    ]);
    const ana = await server.card("user:part-ana"), ben = await server.card("user:part-ben");
    ok(await server.post(`/v1/customers/${ana.cid}/preferences`, { set: { "cash.receipt": "no" } }));
    ok(await server.post(`/v1/customers/${ben.cid}/consents`, { purpose: "analytics", answer: "yes" }));
    const before = [essence(await server.card("user:part-ana")), essence(await server.card("user:part-ben"))];
    const joined = ok(await server.post(`/v1/customers/${ben.cid}/merge`, { with: ana.cid, because: "the same person" }));
    assert.equal(joined.cid, ana.cid, "the older id survives, whoever is named first");
    assert.deepEqual(identifiersOf(joined), named("anonymous:part-a", "anonymous:part-b", "user:part-ana", "user:part-ben"));
    assert.deepEqual(joined.open.map((matter) => matter.matter).sort(), ["part-1", "part-2"]);
    assert.equal(joined.name, "Ben", "the latest name counts");
    assert.equal(ok(await server.get(`/v1/customers/${ben.cid}`)).cid, ana.cid, "the old id answers");
    const origin = joined.origins.find((one) => one.identifiers.includes("user:part-ben")).origin;
    const parted = ok(await server.post(`/v1/customers/${ana.cid}/split`, { origin, because: "two people after all" }));
    assert.equal(parted.cid, ben.cid);
    assert.deepEqual([essence(await server.card("user:part-ana")), essence(await server.card("user:part-ben"))], before);
    await server.kill();
    await server.up();
    assert.deepEqual([essence(await server.card("user:part-ana")), essence(await server.card("user:part-ben"))], before, "and after kill -9");
  });
  test("the oldest origin stays, a stranger's origin is not parted, and nobody is joined to themselves", async () => {
    await server.send([identify({ userId: "stay-a" }), identify({ userId: "stay-b" })]);
    const a = await server.card("user:stay-a"), b = await server.card("user:stay-b");
    refused(await server.post(`/v1/customers/${a.cid}/split`, { origin: a.origins[0].origin }), 409, "conflict");
    refused(await server.post(`/v1/customers/${a.cid}/split`, { origin: b.origins[0].origin }), 409, "conflict");
    const self = await server.post(`/v1/customers/${a.cid}/merge`, { with: a.cid });
    assert.ok(self.status >= 400 && self.status < 500, self.text);
    assert.equal((await server.card("user:stay-a")).origins.length, 1);
  });
  test("old ids answer for ever: through a chain of joins, a snapshot and a restart", async () => {
    const cids = [];
    for (let i = 0; i < 4; i++) { await server.send([identify({ userId: `chain-${i}` })]); cids.push((await server.card(`user:chain-${i}`)).cid); }
    for (const [a, b] of [[3, 2], [2, 1], [1, 0]]) ok(await server.post(`/v1/customers/${cids[a]}/merge`, { with: cids[b] }));
    const all = async () => { for (const cid of cids) assert.equal(ok(await server.get(`/v1/customers/${cid}`)).cid, cids[0]); };
    await all();
    ok(await server.post("/v1/snapshot", {}));
    await server.restart();
    await all();
    await server.send([track({ userId: "chain-3" }, "Later")]);
    assert.ok((await server.timeline(cids[3])).some((event) => event.name === "Later"));
  });
});

test("identity is decided on arrival: the grouping is the same after kill -9, a restart and a snapshot", async () => {
  const one = await Server.start();
  try {
    const events = [];
    let seed = 7;
    const pick = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % n; };
    for (let i = 0; i < 400; i++) {
      const who = { ...(pick(3) ? { anonymousId: `a${pick(40)}` } : {}), ...(pick(2) ? { userId: `u${pick(25)}` } : {}) };
      if (!who.anonymousId && !who.userId) who.anonymousId = `a${pick(40)}`;
      events.push(pick(3) ? track(who, "Seen") : identify(who, pick(3) ? { email: `m${pick(30)}@example.org` } : {}));
    }
    for (let i = 0; i < events.length; i += 50) await one.send(events.slice(i, i + 50));
    const before = await grouping(one);
    assert.ok(before.length > 5 && before.length < 66, `${before.length} customers`);
    await one.kill();
    await one.up();
    assert.deepEqual(await grouping(one), before, "after kill -9");
    ok(await one.post("/v1/snapshot", {}));
    await one.kill();
    await one.up();
    assert.deepEqual(await grouping(one), before, "from a snapshot");
    await one.restart();
    assert.deepEqual(await grouping(one), before, "after a quiet restart");
  } finally { await one.end(); }
});
