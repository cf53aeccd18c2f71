/* Who did what to whose data, and why, stands in a log in which nothing is changed unnoticed. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { unzip } from "../../demo/lib/unzip.mjs";
import { attune, identify, ok, refused, Server, track, until } from "./server.mjs";

describe("the audit log", () => {
  let server, cid;
  before(async () => {
    server = await Server.start();
    await server.send([identify({ userId: "aud" }, { name: "Aud Lind", email: "aud@mail.example" })]);
    cid = (await server.card("user:aud")).cid;
  });
  after(() => server.end());

  const entries = (query = "") => server.get(`/v1/audit?n=1000${query}`).then(ok).then(({ entries }) => entries);
  const about = (what) => entries(`&about=${cid}&what=${what}`);
  const files = () => readdirSync(join(server.folder, "audit")).filter((name) => name.endsWith(".ndjson")).sort().map((name) => join(server.folder, "audit", name));
  const text = () => files().map((file) => readFileSync(file, "utf8")).join("");

  test("has every opening of a customer by the company, with the reason, and the same within a minute once", async () => {
    ok(await server.get(`/v1/customers/${cid}`, { headers: { "X-Attune-Reason": "she is on the phone" } }));
    ok(await server.get(`/v1/customers/${cid}`, { headers: { "X-Attune-Reason": "she is on the phone" } }));
    ok(await server.get(`/v1/customers/${cid}/timeline?reason=a%20complaint%20of%20June`));
    ok(await server.get("/v1/customers/me", { key: server.token("user:aud") }));
    const seen = await about("staff-access");
    assert.deepEqual(seen.map(({ words, reason }) => [words, reason]), [["timeline", "a complaint of June"], ["card", "she is on the phone"], ["card", ""]]);
    assert.match(seen[0].who, /^key [0-9a-f]{8} \(backend\)$/);
  });

  test("has consents from wherever they come, those of an import as one", async () => {
    ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "personalisation", answer: "yes", evidence: "call 4711" }));
    await server.send([track({ userId: "aud" }, "Consent Withdrawn", { purpose: "personalisation" })]);
    ok(await server.post("/v1/customers/me/consents", { purpose: "analytics", answer: "yes" }, { key: server.token("user:aud") }));
    const import_of = Array.from({ length: 30 }, (_, i) => track({ userId: `imported${i}` }, "Consent Given", { purpose: "analytics", notice: { id: "letter", version: "2" } }));
    ok(await server.post("/v1/import", { batch: import_of }));
    const given = await about("consent");
    assert.deepEqual(given.map(({ who }) => who), ["customer", "source backend", "source backend"]);
    assert.match(given[0].words, /^yes to analytics, text version/);
    assert.match(given[1].words, /^no to personalisation/);
    assert.match(given[2].words, /with evidence$/);
    const all = await entries("&what=consent");
    assert.equal(all.length, 4);
    assert.equal(all[0].words, "an import of 30 consents");
    assert.equal(all[0].about, "");
  });

  test("has exports, configurations, keys, joining, parting and undoing", async () => {
    ok(await server.get(`/v1/customers/${cid}/export?reason=asked%20for`));
    assert.deepEqual((await about("export")).map(({ words, reason }) => [words, reason]), [["json", "asked for"]]);
    const before = (await entries("&what=configuration")).length;
    ok(await server.put("/v1/configuration/note/odd", { about: "machine", says: "odd" }));
    const [configuration] = await entries("&what=configuration");
    assert.equal((await entries("&what=configuration")).length, before + 1);
    assert.match(configuration.words, /^version \d+, \d+ documents$/);
    ok(await server.post("/v1/keys", { scope: "write", source: "shop" }));
    assert.match((await entries("&what=keys"))[0].words, /^made the write key [0-9a-f]{8}$/);
    await server.send([track({ userId: "aud2" }, "Signed In")]);
    const joined = ok(await server.post(`/v1/customers/${cid}/merge`, { with: (await server.card("user:aud2")).cid, because: "one person" }));
    assert.equal((await about("join"))[0].reason, "one person");
    ok(await server.post(`/v1/customers/${cid}/undo`, { undo: joined.undo }));
    assert.equal((await about("undo"))[0].words, "merge");
  });

  test("comes in pages, newest first", async () => {
    const all = await entries(), paged = [];
    for (let after = 0; after !== null;) {
      const page = ok(await server.get(`/v1/audit?n=3${after ? `&after=${after}` : ""}`));
      assert.ok(page.entries.length <= 3);
      paged.push(...page.entries.map(({ n }) => n));
      after = page.next;
    }
    assert.deepEqual(paged, all.map(({ n }) => n));
    assert.deepEqual(paged, [...paged].sort((a, b) => b - a));
    refused(await server.get("/v1/audit?what=gossip"), 400, "invalid_what");
    refused(await server.get("/v1/audit?about=somebody"), 400, "invalid_about");
    refused(await server.get("/v1/audit", { key: server.write }), 403, "denied");
    refused(await server.get("/v1/audit", { key: server.token("user:aud") }), 403, "denied");
  });

  test("names no customer, and the customer's copy has what is about them", async () => {
    await entries();
    for (const secret of [cid, "aud@mail.example", "Aud Lind", "user:aud"]) assert.ok(!text().includes(secret), secret);
    const copy = unzip((await server.get("/v1/customers/me/export?format=zip", { key: server.token("user:aud") })).bytes);
    const lines = copy.get("audit.ndjson").trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(lines[0].what, "export");
    assert.equal(lines[0].who, "customer");
    assert.ok(lines.some(({ reason }) => reason === "she is on the phone"));
    assert.equal(lines.length, (await entries(`&about=${cid}`)).length);
  });

  test("survives a kill and goes on where it was, and a backup has it", async () => {
    const before = await entries();
    await server.kill();
    await server.up();
    const again = await entries();
    assert.deepEqual(again.slice(-before.length), before);
    const copy = `${server.folder}-copy`, [first] = before;
    assert.equal(attune("backup", server.folder, copy).code, 0);
    const found = attune("verify", "--audit", copy, "--hash", first.hash, "--json");
    assert.equal(found.code, 0, found.err);
    assert.equal(JSON.parse(found.out).holds, true);
    (await import("node:fs")).rmSync(copy, { recursive: true });
  });

  test("is sound, and an altered byte is named by its entry, by the server and by the program", async () => {
    const all = await entries(), last = all[0];
    const checked = async () => ok(await server.get("/v1/audit?n=1")).checked, begun = Date.now();
    assert.equal(await checked(), null, "nobody has checked it since the start");
    const sound = ok(await server.get(`/v1/audit/verify?hash=${last.hash}`));
    assert.equal((await checked()).sound, true);
    assert.ok(Date.parse((await checked()).time) >= begun - 1000);
    assert.deepEqual([sound.sound, sound.entries, sound.last, sound.holds], [true, all.length, last.hash, true]);
    const [file] = files(), bytes = readFileSync(file), whole = Buffer.from(bytes);
    const at = bytes.indexOf("she is on the phone"), entry = bytes.subarray(0, at).toString().split("\n").length;
    bytes[at] = "S".charCodeAt(0);
    writeFileSync(file, bytes);
    const broken = ok(await server.get("/v1/audit/verify"));
    assert.deepEqual([broken.sound, broken.broken], [false, entry]);
    assert.equal((await checked()).sound, false);
    const said = attune("verify", "--audit", server.folder);
    assert.equal(said.code, 1);
    assert.match(said.err, new RegExp(`Entry ${entry} was altered`));
    writeFileSync(file, whole);
    assert.equal(attune("verify", "--audit", server.folder).code, 0);
    truncateSync(file, whole.length - 30);
    assert.match(attune("verify", "--audit", server.folder).err, /cut in the middle/);
    writeFileSync(file, whole);
  });

  test("asks for a reason where the company wants one, of everybody but the customer", async () => {
    server.settings = { "access-reason": "ask" };
    await server.restart();
    for (const path of ["", "/timeline", "/decisions", "/export", "/export?format=zip"]) refused(await server.get(`/v1/customers/${cid}${path}`), 422, "no_reason");
    refused(await server.get("/v1/customers?identifier=user:aud"), 422, "no_reason");
    ok(await server.get(`/v1/customers/${cid}`, { headers: { "X-Attune-Reason": "at the counter" } }));
    ok(await server.get("/v1/customers/me", { key: server.token("user:aud") }));
    const program = (...more) => attune("export", "user:aud", "--key", server.secret, "--server", server.url, ...more);
    assert.match(program().err, /no_reason/);
    assert.equal(program("--reason", "a letter & more").code, 0);
    assert.equal((await about("export"))[0].reason, "a letter & more");
    ok(await server.get(`/v1/customers/${cid}`, { headers: { "X-Attune-Reason": "at the counter again" } }));
    await until(async () => (await about("staff-access"))[0].reason === "at the counter again", "the opening is noted");
  });
});
