/*
 * whose.test.mjs: whose something is, and who may say so: refused events, messageIds.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { unzip } from "../../demo/lib/unzip.mjs";
import { identify, ok, Server, track, uuid } from "./server.mjs";

let server;
before(async () => { server = await Server.start(); });
after(() => server.end());

const letters = async () => ok(await server.get("/v1/dead-letters?n=1000")).letters;
const refusedOf = async (subject) => {
  const copy = await server.get("/v1/customers/me/export?format=zip", { key: server.token(subject) });
  assert.equal(copy.status, 200, copy.text);
  return unzip(copy.bytes).get("refused.ndjson").toString().split("\n").filter(Boolean).map((line) => JSON.parse(line));
};
/* Refused for want of "event". */
const wrong = (more) => ({ type: "track", messageId: uuid(), ...more });

describe("a refused event", () => {
  const named = [
    ["its userId", { userId: "rita" }],
    ["its anonymousId", { anonymousId: "rita-phone" }],
    ["the previousId of an alias", { type: "alias", anonymousId: "x", previousId: "rita" }],
    ["the e-mail address of its traits", { type: "identify", anonymousId: "x", timestamp: "never", traits: { email: " Rita@Example.org " } }],
    ["the e-mail address of its context", { anonymousId: "x", context: { traits: { email: "rita@example.org" } } }],
    ["an external id", { anonymousId: "x", context: { externalIds: [{ type: "loyalty", id: 4711, collection: "users" }] } }],
  ];
  const beside = [
    ["in a text of its properties", { userId: "somebody", properties: { friend: "rita", about: "rita@example.org", loyalty: 4711, phone: "rita-phone" } }],
    ["as another type of identifier", { userId: "rita-phone", anonymousId: "rita", context: { externalIds: [{ type: "shoe", id: 4711 }] } }],
    ["as a part of an identifier", { userId: "rita2", anonymousId: "rita-phone-2", context: { traits: { email: "margarita@example.org" } } }],
    ["as its messageId, name or group", { messageId: "rita", userId: "somebody", groupId: "rita", name: "rita" }],
  ];
  before(async () => {
    await server.send([identify({ userId: "rita", anonymousId: "rita-phone" }, { email: "rita@example.org" }, { context: { externalIds: [{ type: "loyalty", id: 4711, collection: "users" }] } })]);
    for (const [what, event] of [...named, ...beside]) await server.send([wrong({ title: what, ...event })]);
    await server.send(["rita", ["rita"], { type: "track" }, wrong({ userId: "rita", properties: { text: "x".repeat(40000) } })]);
  });

  test("is in the copy of the customer whom a whole field of it names, however long it is", async () => {
    const mine = await refusedOf("user:rita");
    assert.equal(mine.length, named.length + 1);
    for (const [what] of named) assert.ok(mine.some((line) => line.event.includes(JSON.stringify(what))), what);
    for (const line of mine) assert.deepEqual(Object.keys(line).sort(), ["code", "event", "message", "time"]);
  });

  test("is in nobody else's copy: not of who has its text as another identifier, nor of who is called as a key of it", async () => {
    for (const name of ["messageId", "userId", "event", "source", "backend", "no_event", "somebody-not"]) {
      await server.send([track({ userId: `eve-${name}`, anonymousId: name }, "Hello")], { key: server.token(`user:eve-${name}`) });
      assert.deepEqual(await refusedOf(`user:eve-${name}`), [], name);
    }
  });

  test("goes with the customer who is erased, and no other does", async () => {
    const all = await letters();
    const erased = ok(await server.delete("/v1/customers/me?because=mine", { key: server.token("user:rita") }));
    assert.equal(JSON.parse(erased.statement).refused_events, named.length + 1);
    const left = await letters();
    assert.equal(left.length, all.length - named.length - 1);
    for (const [what] of beside) assert.ok(left.some((letter) => letter.event.includes(JSON.stringify(what))), what);
  });
});

describe("a messageId", () => {
  const stored = async (who, name) => (await server.timeline((await server.card(who)).cid)).filter((event) => event.name === name).length;

  test("that a public key used first is still the backend's to use", async () => {
    const messageId = "order-10042";
    assert.equal(ok(await server.post("/v1/track", { anonymousId: "squatter", event: "Squat", messageId }, { key: server.write })).duplicates, undefined);
    assert.equal(ok(await server.post("/v1/track", { userId: "olga", event: "Order", messageId })).duplicates, undefined);
    assert.equal(await stored("user:olga", "Order"), 1);
  });

  test("is its sender's: a customer's, another customer's and each key's are told apart, also in an import", async () => {
    const messageId = "the-same", event = (who) => ({ type: "track", event: "Same", messageId, ...who });
    const other = ok(await server.post("/v1/keys", { scope: "write", source: "web" })).key;
    const senders = [[{ anonymousId: "same-1" }, { key: server.write }], [{ anonymousId: "same-2" }, { key: other }], [{ userId: "same-3" }, { key: server.token("user:same-3") }], [{ userId: "same-4" }, { key: server.token("user:same-4") }]];
    for (const [who, options] of senders) assert.equal((await server.send([event(who)], options)).duplicates, undefined);
    const imported = ok(await server.post("/v1/import", { batch: [event({ userId: "same-5" })] }));
    assert.equal(imported.duplicates, undefined);
    for (const who of ["anonymous:same-1", "anonymous:same-2", "user:same-3", "user:same-4", "user:same-5"]) assert.equal(await stored(who, "Same"), 1, who);
    for (const [who, options] of senders) assert.equal((await server.send([event(who)], options)).duplicates, 1, "a retry");
    assert.equal((await server.send([event({ userId: "same-5" })])).duplicates, 1, "an import and a call of one source are one sender");
  });

  test("is one sender's over all secret keys of a source", async () => {
    const { key } = ok(await server.post("/v1/keys", { scope: "secret", source: "backend" }));
    const event = track({ userId: "shared" }, "Once");
    await server.send([event]);
    assert.equal((await server.send([event], { key })).duplicates, 1);
  });

  test("is known again after a restart, and after a kill", async () => {
    const mine = track({ anonymousId: "again" }, "Again"), theirs = { ...mine, userId: "again-backend", anonymousId: undefined };
    await server.send([mine], { key: server.write });
    await server.send([theirs]);
    for (const again of [() => server.restart(), async () => { await server.kill(); await server.up(); }]) {
      await again();
      assert.equal((await server.send([mine], { key: server.write })).duplicates, 1);
      assert.equal((await server.send([theirs])).duplicates, 1);
    }
  });
});
