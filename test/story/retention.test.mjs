/* Retention: what may not be kept any longer is passed over at once, and then taken out of every file, also across crashes. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyOf, lines } from "./copy.mjs";
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
  after(() => server.end());
  test("at every step: the next start is sound, nobody loses what may be kept, and the next run finishes", async () => {
    server = await Server.start({ settings: { seal: "off", "snapshot-every-s": 3600 }, files: harbour });
    await server.send([identify({ userId: "ada" }, { name: "Ada" }), ...Array.from({ length: 40 }, (_, i) => looked("ada", 390 + i)), ordered("ada", 500)]);
    await server.send([identify({ userId: "bo" }, { name: "Bo" }), ...Array.from({ length: 20 }, (_, i) => looked("bo", i))]);
    ok(await server.post("/v1/configuration", { files: withRules }));
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
        assert.equal(end.last.events, 30);
        if (half || rounds++ === 6) break;
        await server.stop();
        step = 0;
        continue;
      }
      died++;
      half += existsSync(join(server.folder, "log", "rewrite"));
      server.env = {};
      await server.up();
      assert.equal((await names(server, "ada")).length, 11, `step ${step}`);
      assert.equal((await names(server, "bo")).length, 20, `step ${step}`);
      await ran(server);
      await server.stop();
      assert.equal(attune("verify", server.folder).code, 0, `step ${step}`);
      assert.deepEqual(holders(server.folder, "canary-look-405"), [], `step ${step}`);
      assert.notDeepEqual(holders(server.folder, "canary-look-395"), [], `step ${step}`);
    }
    assert.ok(died >= 4 && half >= 1, `${died} died, ${half} with blocks written aside`);
    rmSync(clean, { recursive: true, force: true });
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
