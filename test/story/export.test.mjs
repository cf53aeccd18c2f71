/* The copy a customer takes along: a zip that opens as a page, complete as lines and as a table, with the register of places. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { unzip } from "../../demo/lib/unzip.mjs";
import { DAY, identify, iso, ok, refused, Server, track } from "./server.mjs";

describe("the copy of a customer", () => {
  let server, cid, files;
  const who = { userId: "copied" }, nasty = '=SUM(A1), "quoted"\n<script>alert(1)</script>';
  const zip = async (path, options) => { const answer = await server.get(path, options); assert.equal(answer.status, 200, answer.text); return answer; };
  before(async () => {
    server = await Server.start();
    const days = Array.from({ length: 40 }, (_, i) => track(who, "Cash Withdrawn", { amount: 20 + i, note: nasty }, { timestamp: iso(Date.now() - i * 9 * DAY), context: { channel: "machine" } }));
    await server.send([identify(who, { name: "Cara <b>Copy</b>", email: "cara@mail.example" }), ...days]);
    await server.send([track(who, "Odd", {}, { timestamp: "not a time" })]).catch(() => null);
    cid = (await server.card("user:copied")).cid;
    ok(await server.post("/v1/decide", { customer: { identifier: "user:copied" }, surface: "machine-withdrawal" }));
    const answer = await zip(`/v1/customers/${cid}/export?format=zip`);
    assert.match(answer.headers["content-type"], /application\/zip/);
    files = unzip(answer.bytes);
  });
  after(() => server.end());

  test("has a file for each place of its register, and each holds what is there", async () => {
    const { places, follows_from_events } = JSON.parse(files.get("manifest.json")), whole = ok(await server.get(`/v1/customers/${cid}/export`));
    for (const place of places.filter((p) => p.file)) assert.ok(files.has(place.file), place.place);
    assert.ok(follows_from_events.some((s) => s.state === "habits" && s.learned));
    const lines = files.get("events.ndjson").trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines, whole.events);
    assert.deepEqual(files.get("decisions.ndjson").trim().split("\n").map((line) => JSON.parse(line)), whole.decisions);
    assert.equal(JSON.parse(files.get("customer.json")).customer.cid, cid);
  });

  test("has a register that leaves out nothing that lies in the data folder", () => {
    const named = JSON.parse(files.get("manifest.json")).places.flatMap((place) => place.place.split(", "));
    const there = readdirSync(server.folder).filter((name) => name !== "attune.conf" && !name.endsWith(".new"));
    assert.deepEqual(there.filter((name) => !named.includes(name)), [], "each folder and file is in the register");
    assert.ok(there.length >= 10);
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
