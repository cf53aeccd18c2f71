/*
 * A customer moves to another server: the copy is taken in there, and what is kept is the same: history, consents with their proofs, identifiers,
 * states, decisions. Twice adds nothing. What is not a whole, sound copy is refused, and nothing of it is there.
 */
import assert from "node:assert/strict";
import { createHash, createPrivateKey, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyOf, lines, zip } from "./copy.mjs";
import { attune, DAY, identify, iso, ok, refused, Server, track, until } from "./server.mjs";

const who = { userId: "mover", anonymousId: "mover-browser" };
const SURFACES = ["machine-withdrawal", "app-home", "after-cash", "web-home"];
const digest = async (server, cid) => { const answer = ok(await server.get(`/v1/customers/${cid}/digest`)); assert.equal(answer.states_agree, true); return answer.digest; };
/* Ids of records are of one server. */
const plain = (value) => JSON.parse(JSON.stringify(value).replace(/"[a-z][0-9a-f]{13,16}"/g, '"ID"'));
const bringIn = (server, bytes, query = "", options) => server.post(`/v1/customers/import${query}`, bytes, options);
const customers = async (server) => ok(await server.get("/v1/customers?n=50")).customers.length;

/* A life with all that a history can have: late events, two histories joined, one parted, acts undone, timers, a late withdrawal. */
async function live(server) {
  const days = (n, make) => Array.from({ length: n }, (_, i) => make(i, { timestamp: iso(Date.now() - (n - i) * 5 * DAY) }));
  await server.send([identify(who, { name: "Mara Mover", email: "Mara@Mail.example", score: 5.5, whole: 7, list: [1, 2.25, { deep: null }] })]);
  const cid = (await server.card("user:mover")).cid, at = `/v1/customers/${cid}`, post = (path, body) => server.post(path, body).then(ok);
  for (const purpose of ["personalisation", "analytics", "research"]) await post(`${at}/consents`, { purpose, answer: "yes", channel: "app" });
  await server.send(days(40, (i, more) => track(who, "Cash Withdrawn", { amount: i % 7 ? 60 : 90, notes: "20x3" }, { ...more, context: { channel: "machine", touchpoint: "machine.withdrawal" } })));
  await server.send([...days(20, (i, more) => ({ type: "screen", messageId: `screen-${i}`, name: ["pay-bill", "cards", "share-prices"][i % 3], ...who, ...more, context: { channel: "app" } })),
    track(who, "Bill Due", { bill: "b-1", payee: "City Water", amount: 32.5, due: iso(Date.now() + 3 * DAY) }), track(who, "Card Ordered", { order: "c-9" }, { timestamp: iso(Date.now() - 60 * DAY) })]);
  await server.send([identify({ anonymousId: "second-device" }, { colour: "green" }), track({ anonymousId: "second-device" }, "Cash Withdrawn", { amount: 20 }, { timestamp: iso(Date.now() - 90 * DAY) })]);
  await server.send([track({ userId: "mover", anonymousId: "second-device" }, "Signed In")]);
  await server.send([identify({ userId: "not-mara" }, { name: "Not Mara" }), track({ userId: "not-mara" }, "Cash Withdrawn", { amount: 500 })]);
  const other = (await server.card("user:not-mara")).cid;
  await post(`${at}/merge`, { with: other, because: "same street" });
  await post(`${at}/split`, { origin: other, because: "it was not" });
  const wish = await post(`${at}/preferences`, { set: { language: "de" } });
  await post(`${at}/undo`, { undo: wish.undo });
  await post(`${at}/preferences`, { set: { "contrast": "high" } });
  await post(`${at}/correct`, { trait: "name", value: "Mara van Mover", because: "married" });
  const { decision } = await post("/v1/decide", { customer: { cid }, surface: "machine-withdrawal", channel: "machine" });
  await post("/v1/response", { decision, option: "60", value: { amount: 60 }, customer: { cid } });
  await post("/v1/response", { decision: "dfedcba98765", option: "x", customer: { cid } });
  const { request } = await post("/v1/requests", { customer: { cid }, type: "person", text: "please look", decision });
  await post(`/v1/requests/${request.request}`, { state: "done", because: "looked at" });
  await post(`${at}/ideas`, { title: "A mover's idea", text: "of moving" });
  await post(`${at}/consents`, { purpose: "marketing", answer: "yes", channel: "branch", actor: "agent:mara", evidence: "form 7", method: "signed" });
  await post(`${at}/consents`, { purpose: "marketing", answer: "no", channel: "phone" });
  await server.post("/v1/track", track({ anonymousId: "mover-browser", userId: "claimed-by-a-page" }, "Seen"), { key: server.write }).then(ok);
  await server.post("/v1/import", { batch: [track(who, "Old Visit", { amount: 1 }, { timestamp: "2021-01-01T00:00:00.000Z" })] }).then(ok);
  await until(async () => (await server.timeline(cid)).some((event) => event.kind === "timer"), "the card that was never sent breaks a promise");
  for (const surface of SURFACES) await server.post("/v1/decide", { customer: { cid }, surface, channel: "app" });
  return { cid, other };
}

describe("a customer who moves to another server", () => {
  let from, to, cid, copy, answer, folder;
  before(async () => {
    from = await Server.start();
    to = await Server.start();
    await to.send([identify({ userId: "was-here" }, { name: "Was Here" })]);
    ({ cid } = await live(from));
    copy = await copyOf(from, cid);
    folder = mkdtempSync(join(tmpdir(), "attune-copy-"));
    writeFileSync(join(folder, "copy.zip"), copy.bytes);
    writeFileSync(join(folder, "from.pem"), (await from.get("/v1/certificate-key", { key: null })).text);
    writeFileSync(join(folder, "to.pem"), (await to.get("/v1/certificate-key", { key: null })).text);
  });
  after(async () => { await from.end(); await to.end(); rmSync(folder, { recursive: true }); });
  const cli = (...args) => attune("import", join(folder, "copy.zip"), "--key", to.secret, "--server", to.url, "--json", ...args);

  test("is not taken in when another server's key has to have signed the copy", async () => {
    const wrong = cli("--signed-by", join(folder, "to.pem"));
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /wrong_signature/);
    assert.equal(await customers(to), 1);
  });

  test("is taken in by one command, with the key of the server that the copy is from", async () => {
    const done = cli("--signed-by", join(folder, "from.pem"));
    assert.equal(done.code, 0, done.err);
    answer = JSON.parse(done.out);
    const manifest = JSON.parse(copy.files.get("manifest.json"));
    assert.equal(answer.signature, "of the key that was given");
    assert.deepEqual([answer.cid, answer.added + answer.left_out, answer.already], [cid, manifest.events + manifest.decisions, 0]);
    assert.equal(answer.left_out, 1, "what joined somebody who is parted again");
    assert.equal(answer.same, true);
    assert.equal(await customers(to), 2);
  });

  test("is there as before: the digest of records, identifiers and states, the card, the choices, every record", async () => {
    assert.equal(await digest(to, cid), await digest(from, cid));
    assert.equal(await digest(to, cid), JSON.parse(copy.files.get("manifest.json")).digest);
    for (const identifier of ["user:mover", "email:mara@mail.example", "anonymous:second-device"]) assert.equal((await to.card(identifier)).cid, cid);
    const card = async (server) => { const { events, ...all } = await server.card("user:mover"); return plain({ ...all, origins: all.origins.map(({ events: n, ...origin }) => origin) }); };
    assert.deepEqual(await card(to), await card(from));
    const ledger = async (server) => plain(ok(await server.get(`/v1/customers/${cid}/consents?n=500`)));
    assert.deepEqual(await ledger(to), await ledger(from));
    const history = async (server) => plain((await server.timeline(cid)).filter((event) => !["merge", "split"].includes(event.kind))).map((event) => ({ ...event, properties: undefined }));
    assert.deepEqual(await history(to), await history(from));
    assert.deepEqual(plain(lines((await copyOf(to, cid)).files.get("derived.ndjson")).filter((item) => item.item !== "rank" && item.item !== "give-and-get" && item.item !== "need")),
      plain(lines((await copyOf(from, cid)).files.get("derived.ndjson")).filter((item) => item.item !== "rank" && item.item !== "give-and-get" && item.item !== "need")));
  });

  test("gets the same decisions on every surface", async () => {
    const surfaces = ok(await from.get("/v1/configuration")).documents.filter((d) => d.kind === "surface").map((d) => d.name);
    assert.ok(surfaces.length >= 3);
    for (const surface of surfaces) {
      const answers = [];
      for (const server of [from, to]) { const { at, ...answer } = ok(await server.post("/v1/decide", { customer: { cid }, surface, channel: "app" })); answers.push(plain(answer)); }
      assert.deepEqual(answers[1], answers[0], surface);
    }
    assert.match(JSON.stringify(plain(ok(await to.post("/v1/decide", { customer: { cid }, surface: "machine-withdrawal", channel: "machine" })))), /60/);
  });

  test("taken in again, adds nothing, also after a restart and after a crash, and the log is sound", async () => {
    const again = async () => { const done = ok(await bringIn(to, copy.bytes)); assert.deepEqual([done.added, done.already, done.left_out], [0, answer.added, answer.left_out]); };
    const before = await digest(to, cid), counted = (await to.card("user:mover")).events;
    await again();
    await to.restart();
    assert.equal(await digest(to, cid), before);
    await again();
    await to.kill();
    await to.up();
    assert.equal(await digest(to, cid), before);
    await again();
    assert.equal((await to.card("user:mover")).events, counted);
    await to.stop();
    const checked = attune("verify", to.folder);
    assert.equal(checked.code, 0, checked.err);
    await to.up();
  });

  test("goes on living there: an act of before is undone, a message sent twice counts once, the next event finds them", async () => {
    const events = (await to.card("user:mover")).events;
    await to.send([{ ...track(who, "Cash Withdrawn", { amount: 60 }), messageId: lines(copy.files.get("events.ndjson")).find((e) => e.name === "Bill Due").messageId }]);
    assert.equal((await to.card("user:mover")).events, events);
    await to.send([track({ anonymousId: "second-device" }, "Seen Here")]);
    assert.equal((await to.timeline(cid))[0].name, "Seen Here");
    const contrast = (await to.card("user:mover")).preferences.find((p) => p.name === "contrast");
    ok(await to.post(`/v1/customers/${cid}/undo`, { undo: contrast.undo }));
    assert.equal((await to.card("user:mover")).preferences.some((p) => p.name === "contrast"), false);
    assert.notEqual(await digest(to, cid), await digest(from, cid), "and the digest tells");
  });

  test("is noted in the audit log, once, and the consents one by one are not", async () => {
    const { entries } = ok(await to.get("/v1/audit?what=import&n=50"));
    assert.ok(entries.some((entry) => /^begins: a copy of \d+ records in 2 histories/.test(entry.words)));
    assert.ok(entries.some((entry) => /^done: \d+ records added/.test(entry.words) && entry.about));
    assert.deepEqual(ok(await to.get("/v1/audit?what=consent&n=50")).entries, []);
  });

  test("who was erased stays erased, unless it is meant", async () => {
    ok(await to.delete(`/v1/customers/${cid}?because=asked`));
    refused(await bringIn(to, copy.bytes), 409, "erased");
    assert.equal(await customers(to), 1);
    const meant = cli("--erased-again"), back = JSON.parse(meant.out);
    assert.equal(meant.code, 0, meant.err);
    assert.ok(back.same && back.cid !== cid, "with a new id, for the old one is nobody's any more");
    assert.equal((await to.card("user:mover")).cid, back.cid);
    assert.deepEqual([ok(await bringIn(to, copy.bytes, "?erased=again")).added, await customers(to)], [0, 2]);
    await to.restart();
    assert.equal(await digest(to, back.cid), JSON.parse(copy.files.get("manifest.json")).digest);
  });

  test("is not taken in beside somebody else with one of the identifiers", async () => {
    const third = await Server.start();
    await third.send([identify({ userId: "mover" }, { name: "Somebody" })]);
    refused(await bringIn(third, copy.bytes), 409, "known_here");
    assert.equal((await third.card("user:mover")).name, "Somebody");
    await third.end();
  });
});

describe("what is not a customer's copy, whole and sound", () => {
  let server, copy, key, seal;
  before(async () => {
    server = await Server.start();
    const from = await Server.start();
    await from.send([identify({ userId: "bad" }, { name: "Bad Copy" }), track({ userId: "bad" }, "Cash Withdrawn", { amount: 20 })]);
    copy = (await copyOf(from, (await from.card("user:bad")).cid)).files;
    const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), readFileSync(join(from.folder, "certificate-key"))]);
    key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    /* The copy with other files, summed up and signed again as the server would: only what is in them is wrong. */
    seal = (changes, spoil = (manifest) => manifest) => {
      const files = new Map([...copy].map(([name, text]) => [name, changes[name]?.(text) ?? text])), manifest = JSON.parse(files.get("manifest.json"));
      manifest.files = manifest.files.map((f) => ({ ...f, bytes: Buffer.byteLength(files.get(f.name)), sha256: createHash("sha256").update(files.get(f.name)).digest("hex") }));
      files.set("manifest.json", JSON.stringify(spoil(manifest)));
      return zip([...files].filter(([name]) => name !== "manifest.sig").concat([["manifest.sig", sign(null, Buffer.from(files.get("manifest.json")), key)]]));
    };
    await from.end();
  });
  after(() => server.end());
  const nothing = async () => assert.equal(await customers(server), 0);
  const lineOf = (change) => ({ "events.ndjson": (text) => text.split("\n").map((line, i) => (i === 0 ? JSON.stringify(change(JSON.parse(line))) : line)).join("\n") });

  const entries = (without = () => false, more = []) => [...copy].filter(([name]) => !without(name) && name !== "manifest.sig").concat(more);
  const files = {
    "nothing at all": [() => Buffer.alloc(0), 422, "file_missing"],
    "no zip": [() => Buffer.from("name,amount\nana,20\n"), 422, "invalid_zip"],
    "half of one": [() => seal({}).subarray(0, 2000), 422, "invalid_zip"],
    "a zip of something else": [() => zip([["letter.txt", "Dear all"]]), 422, "file_missing"],
    "a name that leads elsewhere": [() => zip([["../../keys", "x"], ...entries()]), 422, "invalid_zip"],
    "a name from the root": [() => zip([["/etc/passwd", "x"], ...entries()]), 422, "invalid_zip"],
    "a name with a backslash": [() => zip([["a\\b", "x"], ...entries()]), 422, "invalid_zip"],
    "a file twice": [() => zip([...entries(), ["customer.json", "{}"]]), 422, "invalid_zip"],
    "hundreds of files": [() => zip(Array.from({ length: 300 }, (_, i) => [`f${i}`, ""])), 422, "invalid_zip"],
    "a bomb that says how large it is": [() => zip([["manifest.json", Buffer.alloc(600 << 20)]]), 413, "too_large"],
    "a bomb that lies about it": [() => zip([["manifest.json", Buffer.alloc(600 << 20), { size: 100 }]]), 413, "too_large"],
    "a file that was changed in the zip": [() => zip([...entries((name) => name === "customer.json"), ["customer.json", "{}"], ["manifest.sig", sign(null, Buffer.from(copy.get("manifest.json")), key)]]), 422, "wrong_sum"],
    "a manifest that was changed": [() => zip([...entries((name) => name === "manifest.json"), ["manifest.json", copy.get("manifest.json").replace("attune-customer\",", "attune-customer\", ")], ["manifest.sig", sign(null, Buffer.from(copy.get("manifest.json")), key)]]), 422, "wrong_signature"],
    "no signature": [() => zip(entries()), 422, "file_missing"],
    "a file missing": [() => zip([...entries((name) => name === "audit.ndjson"), ["manifest.sig", sign(null, Buffer.from(copy.get("manifest.json")), key)]]), 422, "file_missing"],
    "a file too many": [() => zip([...entries(), ["more.json", "{}"], ["manifest.sig", sign(null, Buffer.from(copy.get("manifest.json")), key)]]), 422, "unknown_file"],
    "a version of tomorrow": [() => seal({}, (manifest) => ({ ...manifest, version: 2 })), 422, "unknown_version"],
    "another format": [() => seal({}, (manifest) => ({ ...manifest, format: "other" })), 422, "unknown_format"],
    "no history": [() => seal({}, (manifest) => ({ ...manifest, histories: [] })), 422, "invalid_copy"],
    "more histories than anybody has": [() => seal({}, (manifest) => ({ ...manifest, histories: Array.from({ length: 101 }, (_, i) => String(i).padStart(32, "a")) })), 422, "invalid_copy"],
    "a history without events": [() => seal({}, (manifest) => ({ ...manifest, histories: [...manifest.histories, "ab".repeat(16)] })), 422, "invalid_copy"],
    "half a line": [() => seal({ "events.ndjson": (text) => text.slice(0, -40) }), 422, "invalid_record"],
    "a record twice": [() => seal({ "events.ndjson": (text) => text + text.split("\n")[0] + "\n" }), 422, "invalid_copy"],
    "a record of a kind that no customer has": [() => seal(lineOf((line) => ({ ...line, kind: "tally" }))), 422, "invalid_record"],
    "a decision among the events": [() => seal(lineOf((line) => ({ ...line, kind: "decision" }))), 422, "invalid_record"],
    "a record of tomorrow": [() => seal(lineOf((line) => ({ ...line, received: "2199-01-01T00:00:00.000Z" }))), 422, "invalid_record"],
    "a record without content": [() => seal(lineOf(({ content, ...line }) => line)), 422, "invalid_record"],
    "a record of 40 KB": [() => seal(lineOf((line) => ({ ...line, content: { long: "x".repeat(40000) } }))), 422, "invalid_record"],
    "a record nested 40 deep": [() => seal(lineOf((line) => ({ ...line, content: JSON.parse(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`) }))), 422, "invalid_record"],
    "a purpose that is not configured": [() => seal(lineOf((line) => ({ ...line, purposes: ["espionage"] }))), 422, "unknown_purpose"],
    "100,001 records": [() => seal({ "events.ndjson": (text) => text + "\n".repeat(100001) + text }), 422, "too_many_records"],
  };
  for (const [what, [make, status, code]] of Object.entries(files))
    test(`${what} is refused, and nothing is taken in`, async () => { refused(await bringIn(server, make()), status, code); await nothing(); });

  test("a sound one, made by the same means, is taken in", async () => {
    const done = ok(await bringIn(server, seal({})));
    assert.deepEqual([done.same, await customers(server)], [true, 1]);
  });

  test("only an admin takes one in, and others may not even send so much", async () => {
    const bytes = seal({});
    for (const [who, status] of [[server.write, 403], [server.token("user:bad"), 403], [null, 401]]) assert.equal((await bringIn(server, bytes, "", { key: who })).status, status);
    for (const who of [server.write, server.token("user:bad"), null]) refused(await bringIn(server, Buffer.alloc(600 * 1024), "", { key: who }), 400, "too_large");
    refused(await bringIn(server, Buffer.alloc(600 * 1024)), 422, "invalid_zip");
  });
});
