/*
 * whose.test.mjs: whose something is, and who may say or undo it: refused events, messageIds, acts.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { unzip } from "../../demo/lib/unzip.mjs";
import { copyOf, schemaErrors } from "./copy.mjs";
import { attune, configurationOf, identify, ok, refused, root, Server, track, uuid } from "./server.mjs";

let server;
before(async () => { server = await Server.start({ settings: { "sign-ins-a-minute": 10000, "sign-in-pause-max-s": 1 } }); });
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

describe("undoing an act takes the right to do it", () => {
  const ROLES = ["admin", "service", "privacy", "manager", "analyst"], PASSWORD = "three words and one more";
  const by = {};
  let cid, other;
  const at = (path) => `/v1/customers/${cid}${path}`;
  before(async () => {
    await server.send([identify({ userId: "acted" }, { name: "Ada Acted", street: "Old Road 1" }), identify({ userId: "acted-too" }, { name: "Other" })]);
    cid = (await server.card("user:acted")).cid;
    other = (await server.card("user:acted-too")).cid;
    for (const role of ROLES) {
      const { token } = JSON.parse(attune("staff", "invite", `the-${role}`, "--role", role, "--data", server.folder, "--json").out);
      const made = await server.post("/console/sign-in?invited", new URLSearchParams({ token, name: `the-${role}`, password: PASSWORD, again: PASSWORD }).toString(),
        { key: null, headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: server.url, "Sec-Fetch-Site": "same-origin" } });
      assert.equal(made.status, 303, made.text);
      by[role] = { key: null, headers: { Cookie: made.headers["set-cookie"][0].split(";")[0], "X-Attune": "console" } };
    }
    by.customer = { key: server.token("user:acted") };
    by["write key"] = { key: server.write };
    by["secret key"] = {};
  });
  const everybody = [...ROLES, "customer", "write key", "secret key"];
  const own = { get key() { return server.token("user:acted"); } };
  /* An act, how it is made, and who may do such a thing, written down once more. */
  const acts = [
    ["a preference", () => server.post(at("/preferences"), { set: { "cash.receipt": uuid() } }, own), ["admin", "service", "customer", "secret key"]],
    ["a menu", () => server.post(at("/preferences"), { set: { "menu.app-home.order": ["support"] } }, own), ["admin", "service", "customer", "secret key"]],
    ["a yes", () => server.post(at("/consents"), { purpose: "analytics", answer: "yes" }, own), ["admin", "service", "privacy", "customer", "secret key"]],
    ["a customer's no", () => server.post(at("/consents"), { purpose: "analytics", answer: "no" }, own), ["customer", "secret key"]],
    ["a no that staff wrote down", () => server.post(at("/consents"), { purpose: "analytics", answer: "no", evidence: "letter 7" }, by.service), ["admin", "service", "privacy", "customer", "secret key"]],
    ["a restriction", () => restriction(), ["admin", "privacy", "customer", "secret key"]],
    ["a correction", () => server.post(at("/correct"), { trait: "street", value: uuid() }, own), ["admin", "service", "privacy", "customer", "secret key"]],
    ["an idea", () => server.post(at("/ideas"), { title: `A lamp ${uuid()}` }, own), ["admin", "service", "customer", "secret key"]],
    ["a privacy request", () => server.post("/v1/requests", { type: "access" }, own), ["admin", "service", "privacy", "customer", "secret key"]],
    ["the answer to one", async () => server.post(`/v1/requests/${ok(await server.post("/v1/requests", { type: "access" }, own)).request.request}`, { state: "refused", because: "no" }), ["admin", "privacy", "secret key"]],
    ["more time for one", async () => server.post(`/v1/requests/${ok(await server.post("/v1/requests", { type: "access" }, own)).request.request}`, { extended_until: new Date(Date.now() + 45 * 864e5).toISOString(), because: "many" }), ["admin", "privacy", "secret key"]],
    ["a merge", () => server.post(at("/merge"), { with: other }), ["admin", "secret key"]],
    ["a split", () => split(), ["admin", "secret key"]],
  ];
  async function restriction() { ok(await server.post(at("/restrict"), { restricted: false })); return server.post(at("/restrict"), { restricted: true }, own); }
  async function split() {
    if ((await server.get(at("")).then(ok)).origins.length === 1) ok(await server.post(at("/merge"), { with: other }));
    return server.post(at("/split"), { origin: other });
  }
  for (const [what, make, may] of acts)
    test(`of ${what}: ${may.join(", ")}, and nobody else`, async () => {
      for (const who of everybody) {
        const made = ok(await make()), answer = await server.post(at("/undo"), { undo: made.undo ?? made.request?.undo }, by[who]);
        if (may.includes(who)) ok(answer);
        else refused(answer, ...(who === "customer" ? [404, "no_undo"] : who === "write key" ? [403, "denied"] : [403, "outside_role"]));
        if (!may.includes(who)) ok(await server.post(at("/undo"), { undo: made.undo ?? made.request?.undo })); /* It was still there to undo. */
      }
    });

  test("of another customer's act: not the customer", async () => {
    await server.send([identify({ userId: "stranger" }, { name: "Stranger" })]);
    const stranger = (await server.card("user:stranger")).cid;
    const { undo } = ok(await server.post(`/v1/customers/${stranger}/preferences`, { set: { "cash.receipt": "no" } }));
    refused(await server.post(at("/undo"), { undo }, own), 404, "no_undo");
    refused(await server.post(`/v1/customers/${stranger}/undo`, { undo }, own), 403, "denied");
  });
});

describe("a copy", () => {
  test("is whole without a price list, and with nothing configured at all, and says what it leaves out", async () => {
    const purpose = { name: "purposes.yaml", text: "kind: purpose\nname: personalisation\ntitle: \"Fit\"\ntext: \"May we?\"\nversion: 1\n" };
    const prices = configurationOf(join(root, "demo/harbour")).filter(({ name }) => name === "prices.yaml");
    for (const [files, leavesOut] of [[[], true], [[purpose], true], [prices, false]]) {
      const bare = await Server.start({ files });
      try {
        await bare.send([identify({ userId: "ana" }, { name: "Ana" }), track({ userId: "ana" }, "=1+1", {}, { context: { touchpoint: "\t=2" } })]);
        const key = bare.token("user:ana"), { cid } = await bare.card("user:ana");
        const { files: copied } = await copyOf(bare, cid);
        assert.deepEqual(schemaErrors(copied), []);
        assert.equal(JSON.parse(copied.get("manifest.json")).left_out.length, leavesOut ? 1 : 0);
        assert.match(copied.get("events.csv"), /,"'=1\+1",.*,"'\t=2",/);
        ok(await bare.get("/v1/customers/me/export", { key }));
        for (const format of ["", "?format=json"]) assert.equal((await bare.get(`/me/export${format}`, { key: null, headers: { Cookie: `attune_portal=${key}` } })).status, 200);
      } finally { await bare.end(); }
    }
  });
});
