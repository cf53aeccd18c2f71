/* Retention: what may not be kept any longer is passed over at once, and then taken out of every file, also across crashes. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyOf, lines, schemaErrors } from "./copy.mjs";
import { attune, binary, configurationOf, DAY, identify, iso, ok, refused, root, Server, track, until, uuid } from "./server.mjs";

const RULES = `kind: retention
name: looks
title: Which products you looked at
of: [track]
events: [Canary Looked]
keep: 400d
basis: legitimate-interests
---
kind: retention
name: orders
title: What you ordered
events: [Canary Ordered]
keep: 3650d
basis: legal-obligation
law: the Accounting Act
---
kind: retention
name: pages
title: Pages you visited
of: [page]
keep: 30d
`;
const harbour = configurationOf(join(root, "demo/harbour")).filter(({ name }) => name !== "retention.yaml"); /* Rules of our own only. */
const withRules = [...harbour, { name: "retention.yaml", text: RULES }];
const page = (userId, name, daysAgo) => ({ type: "page", name, messageId: uuid(), userId, properties: { of: "canary-page-text" }, timestamp: iso(Date.now() - daysAgo * DAY) });
const looked = (userId, daysAgo) => track({ userId }, "Canary Looked", { secret: `canary-look-${daysAgo}` }, { timestamp: iso(Date.now() - daysAgo * DAY) });
const ordered = (userId, daysAgo) => track({ userId }, "Canary Ordered", { total: 12.5, secret: `canary-order-${daysAgo}` }, { timestamp: iso(Date.now() - daysAgo * DAY) });
const bought = (who, product_id, quantity, daysAgo) => track(who, "Order Completed", { order_id: uuid(), products: [{ product_id, quantity }] }, { timestamp: iso(Date.now() - daysAgo * DAY) });
const products = async (server, cid) => ok(await server.get(`/v1/customers/${cid}/products`)).bought.map((p) => [p.product, p.units, p.last.slice(0, 10)]).sort();

/* As grep -a over all files below @folder. */
const holders = (folder, text, below = "") => readdirSync(join(folder, below), { withFileTypes: true }).flatMap((item) => {
  const path = join(below, item.name);
  return item.isDirectory() ? holders(folder, text, path) : readFileSync(join(folder, path)).includes(text) ? [path] : [];
});
const names = async (server, who) => (await server.timeline((await server.card(`user:${who}`)).cid)).map((e) => e.name).filter(Boolean).sort();
const ran = async (server) => {
  const asked = await server.post("/v1/retention", {});
  assert.equal(asked.status, 202, asked.text);
  await until(async () => !ok(await server.get("/v1/retention")).running, "the run ends", 60000);
  return ok(await server.get("/v1/retention")).last;
};

describe("what may not be kept any longer", () => {
  let server;
  before(async () => {
    server = await Server.start({ settings: { seal: "off", "aggregate-min": 1 }, files: harbour });
    await server.send([identify({ userId: "ada" }, { name: "Ada" }), looked("ada", 500), looked("ada", 401), looked("ada", 10), ordered("ada", 500), page("ada", "Canary Page", 40), page("ada", "Canary Page", 5)]);
    await server.send([identify({ userId: "bo" }, { name: "Bo" }), looked("bo", 20), page("bo", "Canary Page", 50)]);
  });
  after(() => server.end());

  const counted = async () => {
    const { activities } = ok(await server.get(`/v1/journeys?from=${iso(Date.now() - 700 * DAY)}&n=100`));
    return Object.fromEntries(activities.filter((a) => a.activity.startsWith("Canary")).map((a) => [a.activity, a.n]));
  };
  test("without a rule all is kept", async () => {
    assert.equal((await names(server, "ada")).length, 6);
    assert.deepEqual(await counted(), { "Canary Looked": 4, "Canary Ordered": 1, "Canary Page": 3 });
    const { rules, last } = ok(await server.get("/v1/retention"));
    assert.deepEqual(rules, []);
    assert.equal(last, null);
  });

  test("a rule that says nothing it is about, no purpose there is, or no time, is a problem with its line", async () => {
    for (const [text, says] of [["title: X\nkeep: 4d", /say what it is about/], ["title: X\nkeep: soon\nof: [page]", /length of time/], ["title: X\nkeep: 4d\npurposes: [world-domination]", /there is no purpose/], ["title: X\nkeep: 4d\nof: [consent]", /names some of: track page/]]) {
      const answer = await server.post("/v1/configuration", { files: [...harbour, { name: "r.yaml", text: `kind: retention\nname: x\n${text}\n` }] });
      assert.equal(answer.status, 422, answer.text);
      assert.match(answer.text, says);
    }
  });

  test("from the moment a rule is in force what it lets go is passed over, before any run", async () => {
    ok(await server.post("/v1/configuration", { files: withRules }));
    assert.deepEqual(await names(server, "ada"), ["Canary Looked", "Canary Ordered", "Canary Page"]);
    assert.deepEqual(await names(server, "bo"), ["Canary Looked"]);
  });

  test("what is due is counted rule by rule, and nothing that may be kept", async () => {
    await until(async () => { const r = ok(await server.get("/v1/retention")); return r.due && !r.counting; }, "it is counted", 60000);
    const { rules, due, running, progress } = ok(await server.get("/v1/retention"));
    assert.deepEqual(rules.map((r) => [r.retention, r.due, r.taken]), [["looks", 2, null], ["orders", 0, null], ["pages", 2, null]]);
    assert.deepEqual([due.events, due.rows, due.whole, running, progress], [4, 4, true, false, null]);
    assert.deepEqual(rules.map((r) => [r.basis, r.law]), [["legitimate-interests", ""], ["legal-obligation", "the Accounting Act"], ["", ""]]);
  });

  test("what happened longer ago than it may be kept does not come in, and is listed as refused", async () => {
    const answer = ok(await server.post("/v1/import", { batch: [looked("ada", 450), looked("ada", 3)] }));
    assert.equal(answer.accepted, 1);
    assert.deepEqual(answer.rejected.map((r) => r.code), ["too_old"]);
  });

  test("a run takes it out of the files, for those whom it concerns and nobody else", async () => {
    const other = await server.card("user:bo");
    assert.notDeepEqual(holders(join(server.folder, "log"), "canary-look-500"), [], "it was there");
    const last = await ran(server);
    assert.deepEqual([last.events, last.rows, last.customers, last.stopped_by], [4, 4, 2, ""]);
    const after = ok(await server.get("/v1/retention"));
    assert.deepEqual(after.rules.map((r) => [r.retention, r.due, r.taken]), [["looks", 0, 2], ["orders", 0, 0], ["pages", 0, 2]]);
    assert.deepEqual([after.due.events, after.due.rows], [0, 0]);
    await server.stop();
    for (const gone of ["canary-look-500", "canary-look-401"])
      assert.deepEqual(holders(server.folder, gone), [], gone);
    for (const kept of ["canary-look-10", "canary-order-500"])
      assert.notDeepEqual(holders(join(server.folder, "log"), kept), [], kept);
    assert.equal(attune("verify", server.folder).code, 0);
    await server.up();
    assert.deepEqual(await names(server, "ada"), ["Canary Looked", "Canary Looked", "Canary Ordered", "Canary Page"]);
    assert.equal((await server.card("user:bo")).cid, other.cid);
  });

  test("whole-base figures do not count it any more, and a second run finds nothing", async () => {
    assert.deepEqual(await counted(), { "Canary Looked": 3, "Canary Ordered": 1, "Canary Page": 1 });
    const last = await ran(server);
    assert.equal(last.events, 0);
    const audit = ok(await server.get("/v1/audit?what=retention"));
    assert.deepEqual(audit.entries.filter((e) => e.who === "system").map((e) => e.words), ["4 events of 2 customers"]);
    assert.equal(audit.entries.filter((e) => e.words === "asked for it now" && e.who.startsWith("key ")).length, 2, "who asked stands there too");
  });

  test("the page of trust says how long and by which law", async () => {
    const { retention } = ok(await server.get("/v1/trust"));
    assert.deepEqual(retention.find((r) => r.what === "What you ordered"), { what: "What you ordered", kept: "3650 days, by the Accounting Act" });
  });

  test("a write key may not ask for it", async () => {
    refused(await server.post("/v1/retention", {}, { key: server.write }), 403, "denied");
  });
});

describe("states and decisions", () => {
  let server;
  before(async () => { server = await Server.start({ files: harbour }); });
  after(() => server.end());
  test("what was learned from what is gone is forgotten, and stays forgotten after a start", async () => {
    await server.send([identify({ userId: "cy" }, { name: "Cy" })]);
    const { cid } = await server.card("user:cy");
    ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "personalisation", answer: "yes", channel: "app", text: "as shown" }));
    await server.send(Array.from({ length: 12 }, (_, i) => track({ userId: "cy" }, "Cash Withdrawn", { amount: 70, notes: "20x3" }, { timestamp: iso(Date.now() - (7 + i * 7) * DAY), context: { channel: "machine", touchpoint: "machine.withdrawal" } })));
    const decide = () => server.post("/v1/decide", { customer: { cid }, surface: "machine-withdrawal" }).then(ok);
    assert.equal((await decide()).guess, true);
    ok(await server.post("/v1/configuration", { files: [...harbour, { name: "r.yaml", text: "kind: retention\nname: cash\ntitle: Cash\nevents: [Cash Withdrawn]\nkeep: 6d\n" }] }));
    assert.equal((await decide()).guess, false, "before any run");
    const last = await ran(server);
    assert.equal(last.events, 12);
    await server.kill();
    await server.up();
    assert.equal((await decide()).guess, false);
    ok(await server.post("/v1/configuration", { files: harbour }));
    assert.equal((await decide()).guess, false, "without the rule it does not come back");
    assert.deepEqual((await server.timeline(cid)).filter((e) => e.name === "Cash Withdrawn"), []);
  });
});

const faults = join(dirname(binary), "test/fault/libfaults.so");
describe("a crash while it is taken out", { skip: existsSync(faults) ? false : "the library of faults is not built" }, () => {
  let server;
  after(() => server?.end());
  test("at every step: the next start is sound, nobody loses what may be kept, and the next run finishes", async () => {
    server = await Server.start({ settings: { seal: "off", "snapshot-every-s": 3600 }, files: harbour });
    await server.send([identify({ userId: "ada" }, { name: "Ada" }), ...Array.from({ length: 40 }, (_, i) => looked("ada", 390 + i)), ordered("ada", 500), ...Array.from({ length: 12 }, (_, i) => bought({ userId: "ada" }, ["kettle", "pan"][i % 2], i + 1, 394 + i))]);
    /* More than one record sums up, so that a run has two rounds for her. */
    for (let i = 0; i < 11; i++) await server.send(Array.from({ length: 100 }, () => bought({ userId: "ada" }, "towels", 1, 410)));
    await server.send([identify({ userId: "bo" }, { name: "Bo" }), ...Array.from({ length: 20 }, (_, i) => looked("bo", i))]);
    const { cid } = await server.card("user:ada"), known = await products(server, cid);
    assert.deepEqual(known.map(([product, units]) => [product, units]), [["kettle", 36], ["pan", 42], ["towels", 1100]]);
    ok(await server.post("/v1/configuration", { files: [...withRules, { name: "bought.yaml", text: "kind: retention\nname: bought\ntitle: Your orders\nevents: [Order Completed]\nkeep: 400d\n" }] }));
    await server.stop();
    const clean = mkdtempSync(join(tmpdir(), "attune-clean-"));
    cpSync(server.folder, clean, { recursive: true });
    let died = 0, half = 0, rounds = 1; /* Which sync is whose differs from run to run: until one has met the blocks that are written aside. */
    for (let step = 1; step <= 60; step++) {
      rmSync(server.folder, { recursive: true });
      cpSync(clean, server.folder, { recursive: true });
      server.env = { LD_PRELOAD: faults, FAULT_FOLDER: "FOLDER", FAULT_DIE: String(step), FAULT_PART: "/log", ASAN_OPTIONS: "verify_asan_link_order=0" };
      await server.up();
      writeFileSync(join(server.folder, "die"), "");
      const end = await Promise.race([server.exited, ran(server).then((last) => ({ last })).catch(() => server.exited)]);
      rmSync(join(server.folder, "die"));
      if (end.last) {
        assert.equal(end.last.events, 1136);
        assert.deepEqual(await products(server, cid), known);
        if (half || rounds++ === 6) break;
        await server.stop();
        step = 0;
        continue;
      }
      died++;
      half += existsSync(join(server.folder, "log", "rewrite"));
      server.env = {};
      await server.up();
      assert.equal((await names(server, "ada")).length, 17, `step ${step}`);
      assert.equal((await names(server, "bo")).length, 20, `step ${step}`);
      assert.deepEqual(await products(server, cid), known, `step ${step}`);
      await ran(server);
      assert.deepEqual(await products(server, cid), known, `after the run of step ${step}`);
      await server.stop();
      assert.equal(attune("verify", server.folder).code, 0, `step ${step}`);
      assert.deepEqual(holders(server.folder, "canary-look-405"), [], `step ${step}`);
      assert.notDeepEqual(holders(server.folder, "canary-look-395"), [], `step ${step}`);
    }
    assert.ok(died >= 4 && half >= 1, `${died} died, ${half} with blocks written aside`);
    rmSync(clean, { recursive: true, force: true });
  });
});

describe("what was bought, when the orders may not be kept any longer", () => {
  const rule = (keep) => ({ name: "orders.yaml", text: `kind: retention\nname: bought\ntitle: Your orders\nevents: [Order Completed]\nkeep: ${keep}\n` });
  const ona = { userId: "ona" }, browser = { anonymousId: "ona-browser" };
  const digest = async (at, cid) => { const answer = ok(await at.get(`/v1/customers/${cid}/digest`)); assert.equal(answer.states_agree, true); return answer.digest; };
  const orders = async (at, cid) => (await at.timeline(cid)).filter((e) => e.name === "Order Completed").length;
  let server, cid, known;
  before(async () => {
    server = await Server.start({ settings: { seal: "off" }, files: harbour });
    await server.send([identify(ona, { name: "Ona" }), bought(ona, "kettle", 1, 100), bought(ona, "towels", 2, 90), bought(ona, "pan", 1, 80), bought(browser, "lamp-grey", 1, 70), bought(browser, "lamp-grey", 4, 5)]);
    cid = (await server.card("user:ona")).cid;
    await server.send([track(ona, "Order Refunded", { products: [{ product_id: "pan", quantity: 1 }] })]);
    known = await products(server, cid);
    assert.deepEqual(known.map(([product, units]) => [product, units]), [["kettle", 1], ["towels", 2]]);
  });
  after(() => server.end());

  test("is known all the same: from the moment of the rule, after the run, after a start", async () => {
    ok(await server.post("/v1/configuration", { files: [...harbour, rule("30d")] }));
    assert.equal(await orders(server, cid), 0, "nobody sees the orders");
    assert.deepEqual(await products(server, cid), known, "before any run");
    const last = await ran(server);
    assert.deepEqual([last.events, last.customers], [4, 2]);
    assert.deepEqual(await products(server, cid), known);
    await server.kill();
    await server.up();
    assert.deepEqual(await products(server, cid), known);
    assert.equal((await ran(server)).events, 0);
    assert.equal(ok(await server.get("/v1/trust")).retention.find((r) => r.what.startsWith("Which products were bought")).kept, "until the customer is erased");
    const { options } = await server.decide("user:ona", "shop-home", { channel: "web" });
    assert.ok(options.length > 0 && !options.some((option) => option.value === "towels"), "and is not offered again");
  });

  test("counts on: what comes later is added, what goes back is taken off, and histories that are joined have both", async () => {
    await server.send([track({ ...ona, ...browser }, "Signed In")]);
    await until(async () => (await products(server, cid)).length === 3, "the two are one");
    assert.deepEqual((await products(server, cid)).map(([product, units]) => [product, units]), [["kettle", 1], ["lamp-grey", 5], ["towels", 2]]);
    await server.send([bought(ona, "kettle", 3, 0), track(ona, "Order Refunded", { products: [{ product_id: "lamp-grey", quantity: 2 }] })]);
    assert.deepEqual((await products(server, cid)).map(([product, units]) => [product, units]), [["kettle", 4], ["lamp-grey", 3], ["towels", 2]]);
  });

  test("a later run sums up further, and keeps no earlier sum", async () => {
    const now = await products(server, cid);
    ok(await server.post("/v1/configuration", { files: [...harbour, rule("1s")] }));
    await until(async () => await orders(server, cid) === 0, "the last order is too old");
    assert.equal((await ran(server)).events, 2);
    assert.deepEqual(await products(server, cid), now);
    await server.kill();
    await server.up();
    assert.deepEqual(await products(server, cid), now);
    ok(await server.post("/v1/configuration", { files: harbour }));
    assert.deepEqual(await products(server, cid), now, "nor without the rule");
    assert.equal(await orders(server, cid), 0);
    const { files } = await copyOf(server, cid), trims = lines(files.get("events.ndjson")).filter((e) => e.kind === "trim");
    assert.equal(trims.length, 2, "one a history");
    const told = lines(files.get("derived.ndjson")).filter((item) => item.item === "bought").map((item) => [item.name, item.value]).sort();
    assert.deepEqual(told, [["kettle", 4], ["lamp-grey", 3], ["pan", 0], ["towels", 2]]);
    assert.deepEqual(schemaErrors(files), []);
  });

  test("moves with a copy, once, and is the same there", async () => {
    const there = await Server.start({ files: harbour });
    try {
      const { bytes } = await copyOf(server, cid);
      for (const added of [true, false]) {
        const answer = ok(await there.post("/v1/customers/import", bytes));
        assert.equal(answer.added > 0, added, JSON.stringify(answer));
        assert.deepEqual(await products(there, cid), await products(server, cid));
      }
      assert.equal(await digest(there, cid), await digest(server, cid));
      const back = await copyOf(there, cid);
      assert.equal(ok(await server.post("/v1/customers/import", back.bytes)).added, 0);
    } finally {
      await there.end();
    }
  });

  test("is whole for who ordered more than one record holds", async () => {
    const all = Array.from({ length: 2300 }, (_, i) => bought({ userId: "max" }, ["kettle", "towels", "pan"][i % 3], 1, 40 + i / 100));
    for (let i = 0; i < all.length; i += 100) await server.send(all.slice(i, i + 100));
    const { cid: max } = await server.card("user:max"), ordered = await products(server, max);
    assert.deepEqual(ordered.map(([, units]) => units), [767, 766, 767]);
    ok(await server.post("/v1/configuration", { files: [...harbour, rule("30d")] }));
    assert.equal((await ran(server)).events, 2300);
    assert.deepEqual(await products(server, max), ordered);
    await server.kill();
    await server.up();
    assert.deepEqual(await products(server, max), ordered);
    assert.equal((await ran(server)).events, 0);
  });

  test("and goes with the customer", async () => {
    ok(await server.request("DELETE", `/v1/customers/${cid}?because=asked`));
    await server.send([identify(ona, { name: "Ona" })]);
    assert.deepEqual(await products(server, (await server.card("user:ona")).cid), []);
  });
});

describe("what one purpose may not use any longer, and others may", () => {
  const rules = `kind: retention
name: of-late
title: What we count
events: [Canary Bought]
for: [analytics]
keep: 3s
---
${["analytics", "marketing"].map((purpose) => `kind: segment\nname: bought-${purpose}\ntitle: Bought\nrule: did "Canary Bought" at least 1 times\npurpose: ${purpose}\n`).join("---\n")}`;
  let server, cid, bought;
  before(async () => {
    server = await Server.start({ files: [...harbour, { name: "rules.yaml", text: rules }] });
    await server.send([identify({ userId: "di" }, { name: "Di" })]);
    const versions = Object.fromEntries(ok(await server.get("/v1/trust")).purposes.map((p) => [p.purpose, p.version]));
    for (const purpose of ["analytics", "marketing"]) await server.send([track({ userId: "di" }, "Consent Given", { purpose, version: versions[purpose] })]);
    await server.send([track({ userId: "di" }, "Canary Bought", { total: 5 })]);
    bought = Date.now();
    cid = (await server.card("user:di")).cid;
  });
  after(() => server.end());
  const segments = async () => (await server.card("user:di")).segments.map((s) => s.segment).filter((s) => s.startsWith("bought"));
  const uses = async () => {
    const { files } = await copyOf(server, cid);
    return lines(files.get("events.ndjson")).find((e) => e.name === "Canary Bought").purposes.filter((p) => p === "analytics" || p === "marketing").sort();
  };

  test("goes with the next run from what was learned for it, and from nothing else", async () => {
    const early = await segments();
    if (Date.now() - bought < 3000) assert.deepEqual(early.sort(), ["bought-analytics", "bought-marketing"]);
    let folded = 0;
    await until(async () => { const last = await ran(server); folded += last.folded_again; assert.equal(last.events, 0); return (await segments()).length === 1; }, "analytics forgets it", 20000);
    assert.ok(Date.now() - bought >= 3000, "not before its time");
    assert.deepEqual(await segments(), ["bought-marketing"]);
    assert.deepEqual(await uses(), ["marketing"]);
    assert.ok(folded >= 1);
    assert.deepEqual(await names(server, "di"), ["Canary Bought", "Consent Given", "Consent Given"], "the event is there");
  });

  test("a run that finds nothing new folds nobody again, and a restart remembers", async () => {
    await ran(server);
    assert.equal((await ran(server)).folded_again, 0);
    await server.kill();
    await server.up();
    await ran(server);
    assert.deepEqual(await segments(), ["bought-marketing"]);
  });

  test("the page of trust says it", async () => {
    const { retention } = ok(await server.get("/v1/trust"));
    assert.match(retention.find((r) => r.what === "What we count").kept, /^3 seconds, for “/);
  });
});
