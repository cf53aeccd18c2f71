/* The copy a customer takes along: a zip that opens as a page, complete as lines and as a table, described, summed up and signed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyOf, lines, schemaErrors } from "./copy.mjs";
import { DAY, identify, iso, ok, refused, root, Server, track } from "./server.mjs";

describe("the copy of a customer", () => {
  let server, cid, files;
  const who = { userId: "copied" }, nasty = '=SUM(A1), "quoted"\n<script>alert(1)</script>';
  before(async () => {
    server = await Server.start();
    const days = Array.from({ length: 40 }, (_, i) => track(who, "Cash Withdrawn", { amount: 20 + i, note: nasty }, { timestamp: iso(Date.now() - i * 9 * DAY), context: { channel: "machine" } }));
    await server.send([identify(who, { name: "Cara <b>Copy</b>", email: "cara@mail.example" }), ...days]);
    await server.send([track(who, "Odd", {}, { timestamp: "not a time" })]).catch(() => null);
    cid = (await server.card("user:copied")).cid;
    ok(await server.post("/v1/decide", { customer: { identifier: "user:copied" }, surface: "machine-withdrawal" }));
    const copy = await copyOf(server, cid);
    assert.match(copy.headers["content-type"], /application\/zip/);
    files = copy.files;
  });
  after(() => server.end());

  test("has a file for each place of its register, and each holds what is there", async () => {
    const { places, follows_from_events } = JSON.parse(files.get("manifest.json")), whole = ok(await server.get(`/v1/customers/${cid}/export`));
    for (const place of places) for (const file of place.files) assert.ok(files.has(file), `${place.place}: ${file}`);
    assert.ok(follows_from_events.some((s) => s.state === "habits" && s.learned));
    const plain = ({ origin, flags, purposes, configuration, message, content, ...shown }) => shown;
    assert.deepEqual(lines(files.get("events.ndjson")).map(plain), whole.events);
    assert.deepEqual(lines(files.get("decisions.ndjson")).map(plain), whole.decisions);
    assert.equal(JSON.parse(files.get("customer.json")).customer.cid, cid);
  });

  test("fits its own schemas, line by line, and a member too many or too few does not", () => {
    assert.deepEqual(schemaErrors(files), []);
    const spoilt = (name, spoil) => schemaErrors(new Map([...files, [name, spoil(files.get(name))]])).length;
    assert.ok(spoilt("events.ndjson", (text) => text.replace('"kind":', '"kind_":')) >= 2);
    assert.ok(spoilt("derived.ndjson", (text) => text.replace('"how":', '"hoe":')) >= 2);
    assert.ok(spoilt("manifest.json", (text) => text.replace(/"bytes":\d+/, '"bytes":"7"')));
    assert.deepEqual(schemaErrors(new Map([["strange.json", "{}"]])), ["strange.json has no schema"]);
  });

  test("says of every file its SHA-256, its bytes and how many things are in it", () => {
    const manifest = JSON.parse(files.get("manifest.json")), named = manifest.files.map((f) => f.name);
    assert.deepEqual([...files.keys()].filter((name) => !["manifest.json", "manifest.sig"].includes(name)).toSorted(), named.toSorted());
    for (const file of manifest.files) {
      const bytes = Buffer.from(files.get(file.name));
      assert.equal(createHash("sha256").update(bytes).digest("hex"), file.sha256, file.name);
      assert.equal(bytes.length, file.bytes, file.name);
      if (file.name.endsWith(".ndjson")) assert.equal(lines(files.get(file.name)).length, file.count, file.name);
    }
    assert.deepEqual([manifest.format, manifest.version, manifest.customer, manifest.events], ["attune-customer", 1, cid, lines(files.get("events.ndjson")).length]);
    assert.equal(manifest.position, [...lines(files.get("events.ndjson")), ...lines(files.get("decisions.ndjson"))].map((r) => r.event).toSorted().at(-1));
    assert.deepEqual(manifest.histories, [...new Set(lines(files.get("events.ndjson")).map((r) => r.origin))]);
  });

  test("says how each thing that was derived was come by, and what was not", async () => {
    const before = lines(files.get("derived.ndjson"));
    assert.ok(before.every((item) => item.how.length > 15), JSON.stringify(before.find((item) => item.how.length <= 15)));
    assert.ok(before.some((item) => item.item === "withheld" && item.purpose === "analytics") && !before.some((item) => item.item === "stars"));
    for (const purpose of ["personalisation", "analytics", "marketing"]) ok(await server.post(`/v1/customers/${cid}/consents`, { purpose, answer: "yes", channel: "app" }));
    await server.send(Array.from({ length: 30 }, (_, i) => track(who, "Cash Withdrawn", { amount: 60, notes: "20x3" }, { timestamp: iso(Date.now() - (31 - i) * 7 * 3600e3), context: { channel: "machine", touchpoint: "machine.withdrawal" } })));
    const { files: fuller } = await copyOf(server, cid), items = lines(fuller.get("derived.ndjson"));
    for (const item of ["guess", "stars", "worth", "rank", "contacts"]) assert.ok(items.some((i) => i.item === item), `${item} among ${[...new Set(items.map((i) => i.item))]}`);
    assert.match(items.find((i) => i.item === "guess" && i.name === "machine-withdrawal").how, /60/);
    assert.match(items.find((i) => i.item === "stars").how, /brought|cost|took/i);
    const known = new Set(lines(fuller.get("events.ndjson")).map((r) => r.event));
    assert.ok(items.flatMap((i) => i.events ?? []).every((event) => known.has(event)), "what it rests on is in the copy");
    assert.deepEqual(schemaErrors(fuller), []);
  });

  test("has the consents as records that explain their own words, and who gets what", async () => {
    ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "marketing", answer: "no", channel: "phone", actor: "agent:mara", evidence: "form 4711", method: "signed", language: "cs", jurisdiction: "CZ" }));
    const { files: now } = await copyOf(server, cid), ledger = JSON.parse(now.get("consents.jsonld"));
    assert.ok(!JSON.stringify(ledger["@context"]).includes('"@import"') && typeof ledger["@context"] === "object");
    const terms = new Set([...Object.keys(ledger["@context"]), "@context", "@graph"]), used = new Set();
    const walk = (value) => { if (Array.isArray(value)) value.forEach(walk); else if (value && typeof value === "object") for (const [key, item] of Object.entries(value)) { used.add(key); walk(item); } };
    walk(ledger["@graph"]);
    assert.deepEqual([...used].filter((term) => !terms.has(term)), [], "every word is in the context");
    const [no, yes] = ledger["@graph"].filter((act) => act.purpose.record === "marketing");
    assert.deepEqual([no.status, no.actor, no.evidence, no.method, no.language, no.jurisdiction, no.channel], ["withdrawn", "agent:mara", "form 4711", "signed", "cs", "CZ", "phone"]);
    assert.deepEqual([yes.status, yes.purpose.recipients, yes.purpose.lawful_basis, yes.verified, yes.undone], ["granted", ["our mail house"], "consent", true, false]);
    assert.equal(createHash("sha256").update(yes.notice.text).digest("hex"), yes.notice.sha256);
    assert.deepEqual(JSON.parse(now.get("recipients.json")).recipients.map((r) => [r.purpose, r.recipients]), [["analytics", []], ["personalisation", []]]);
  });

  test("is signed, and the commands of the documentation find so, and find a change", async () => {
    const commands = readFileSync(join(root, "docs/trust.md"), "utf8").match(/```sh\n(curl[\s\S]*?)```/)[1];
    const folder = mkdtempSync(join(tmpdir(), "attune-signed-"));
    const env = { ...process.env, SERVER: server.url, KEY: server.secret, CID: cid };
    const run = (script) => spawnSync("sh", ["-e", "-c", script], { cwd: folder, env, encoding: "utf8" });
    const good = run(commands);
    assert.equal(good.status, 0, good.stdout + good.stderr);
    assert.match(good.stdout, /Signature Verified Successfully/);
    assert.match(good.stdout, /events\.ndjson: OK/);
    const checks = commands.split("\n").filter((line) => /openssl|sha256sum/.test(line));
    assert.equal(checks.length, 2);
    appendFileSync(join(folder, "copy/events.ndjson"), " ");
    assert.equal(run(checks[0]).status, 0);
    assert.notEqual(run(checks[1]).status, 0, "a changed file is found");
    appendFileSync(join(folder, "copy/manifest.json"), " ");
    assert.notEqual(run(checks[0]).status, 0, "a changed manifest is found");
    rmSync(folder, { recursive: true });
  });

  test("is a table that no spreadsheet runs", () => {
    const table = files.get("events.csv");
    assert.equal(table.match(/"Cash Withdrawn"/g).length, 40);
    assert.ok(!/,"[=+@]/.test(table), "no cell begins a formula");
    assert.match(table, /""quoted\\""/);
  });

  test("opens as a page in which nothing from outside is markup", () => {
    const page = files.get("index.html");
    assert.equal(page.match(/<rect /g).length, 12);
    assert.ok(page.includes("Cara &lt;b&gt;Copy") && !page.includes("<b>Copy") && !/<script|<form|http-equiv|src=/.test(page));
  });

  test("is the customer's own", async () => {
    refused(await server.get(`/v1/customers/${cid}/export?format=pdf`), 400, "invalid_format");
    refused(await server.get(`/v1/customers/${cid}/export?format=zip`, { key: server.token("user:somebody-else") }), 403, "denied");
  });
});
