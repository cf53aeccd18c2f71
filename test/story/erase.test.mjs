/* Erasing: a customer agrees, is served, withdraws, takes a copy along and is erased; nothing brings anything back. */
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { attune, DAY, identify, iso, ok, refused, Server, track } from "./server.mjs";

const NAME = "Elfriede Canary-Vogel", EMAIL = "elfriede.canary@mail.example", USER = "user-canary-4711", AMOUNT = 74.13;
const PURPOSE = "personalisation", SURFACE = "machine-withdrawal";

/* As grep -a: which files of the folder hold one of the texts? */
function holders(folder, texts, below = "") {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((item) => {
    const path = join(below, item.name);
    if (item.isDirectory()) return holders(folder, texts, path);
    const bytes = readFileSync(join(folder, path));
    return texts.filter((text) => bytes.includes(text)).map((text) => `${path}: ${text}`);
  });
}

const withdrawals = (userId, amount, n = 12) =>
  Array.from({ length: n }, (_, i) => track({ userId }, "Cash Withdrawn", { amount, notes: "20x3" }, { timestamp: iso(Date.now() - (n - i) * 7 * DAY), context: { channel: "machine", touchpoint: "machine.withdrawal" } }));
const decide = (server, userId) => server.post("/v1/decide", { customer: { identifier: `user:${userId}` }, surface: SURFACE }).then(ok);
const consent = (server, cid, yes, channel) => server.post(`/v1/customers/${cid}/consents`, { purpose: PURPOSE, answer: yes ? "yes" : "no", channel, text: "as shown" }).then(ok);

function certified(answer) {
  const certificate = ok(answer), key = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(certificate.key, "base64")]);
  assert.ok(verify(null, Buffer.from(certificate.statement), createPublicKey({ key, format: "der", type: "spki" }), Buffer.from(certificate.signature, "base64")), "the signature fits the statement");
  return JSON.parse(certificate.statement);
}

describe("erasing a customer", () => {
  let server, cid, statement, backup;
  before(async () => {
    server = await Server.start();
    await server.send([identify({ userId: USER, anonymousId: "anon-canary-99" }, { name: NAME, email: EMAIL })]);
    await server.send([identify({ userId: "stays" }, { name: "Somebody Else", email: "stays@mail.example" }), ...withdrawals("stays", 40)]);
    cid = (await server.card(`user:${USER}`)).cid;
    await consent(server, cid, true, "app");
    await server.send(withdrawals(USER, AMOUNT));
    await server.send([track({ userId: USER, traits: { email: EMAIL } }, "Refused", { email: EMAIL }, { timestamp: "no time at all" })]).catch(() => null);
  });
  after(() => { server.end(); if (backup) rmSync(backup, { recursive: true, force: true }); });

  test("nothing that was sealed stands in the data folder in the clear, even before (T20)", async () => {
    const offered = await decide(server, USER);
    assert.equal(offered.options[0].value?.amount ?? offered.options[0].value, AMOUNT, JSON.stringify(offered.options[0]));
    await server.stop();
    assert.deepEqual(holders(server.folder, [NAME, EMAIL, USER, "74.13"]).filter((at) => !at.startsWith("dead-letters")), []);
    backup = mkdtempSync(join(tmpdir(), "attune-backup-"));
    const copied = attune("backup", server.folder, join(backup, "data"));
    assert.equal(copied.code, 0, copied.err);
    assert.equal(existsSync(join(backup, "data", "sealing")), false, "keys are in no ordinary backup");
    await server.up();
  });

  test("a withdrawal on the web makes the very next decision plain, and says why (T3)", async () => {
    await consent(server, cid, false, "web");
    const plain = await decide(server, USER);
    assert.ok(plain.options.every((option) => (option.value?.amount ?? option.value) !== AMOUNT));
    assert.match(JSON.stringify(plain), /withheld|agreed|consent/);
    const copy = ok(await server.get(`/v1/customers/${cid}/export`));
    assert.equal(copy.events.filter((event) => event.name === "Cash Withdrawn").length, 12);
    assert.ok(JSON.stringify(copy).includes(EMAIL));
  });

  test("erases with a signed certificate that says what was done and found", async () => {
    refused(await server.request("DELETE", `/v1/customers/${cid}`, undefined, { key: server.token("user:stays") }), 403, "denied");
    refused(await server.request("DELETE", `/v1/customers/${cid}`, undefined, { key: server.write }), 403, "denied");
    statement = certified(await server.request("DELETE", `/v1/customers/${cid}?because=asked+by+letter`));
    assert.equal(statement.because, "asked by letter");
    assert.equal(statement.open_records_left_in_the_log, 0);
    assert.equal(statement.a_record_was_tried_and_cannot_be_opened, true);
    assert.equal(statement.search.found_in_files, 0, statement.search.found_in);
    assert.ok(statement.search.whole && statement.search.texts >= 3 && statement.search.files > 3);
    assert.ok(statement.events >= 14 && statement.refused_events === 1 && statement.keys_destroyed >= 1);
    const kept = ok(await server.get(`/v1/erasures/${statement.erasure}`));
    assert.equal(JSON.parse(kept.statement).erasure, statement.erasure);
    assert.equal(ok(await server.get("/v1/erasures")).erasures[0].done, true);
  });

  const gone = async () => {
    for (const path of [`/v1/customers?identifier=user:${USER}`, `/v1/customers/${cid}`, `/v1/customers/${cid}/timeline`, `/v1/customers/${cid}/export?format=zip`])
      refused(await server.get(path), 404, "not_found");
    assert.equal(ok(await server.get("/v1/customers?n=50")).customers.some((c) => c.cid === cid), false);
    assert.deepEqual(holders(server.folder, [NAME, EMAIL, USER, "anon-canary-99", "74.13"]), []);
  };

  test("leaves nothing that a search of the disk finds, dead letters and keys included (T20)", gone);

  test("does not let a late event bring anything back, and counts it (T22)", async () => {
    await server.send(withdrawals(USER, AMOUNT, 3));
    await server.send([identify({ anonymousId: "anon-canary-99" }, { name: NAME }, { timestamp: iso(Date.now() - DAY) })]);
    await server.post("/v1/import", { batch: withdrawals(USER, AMOUNT, 2).map((event) => ({ ...event, messageId: `late-${Math.random()}` })) }).then(ok);
    await gone();
    assert.match((await server.get("/metrics")).text, /attune_events_suppressed_total 6\n/);
  });

  test("ends the same after a stop and a crash", async () => {
    await server.stop();
    await server.up();
    await gone();
    await server.kill();
    await server.up();
    await gone();
    assert.equal(attune("verify", server.folder).code, 0);
  });

  test("erases what a restored backup brings back before it serves anybody (T21)", async () => {
    await server.stop();
    const sealing = join(backup, "sealing"), restored = join(backup, "restored");
    cpSync(join(server.folder, "sealing"), sealing, { recursive: true });
    const back = attune("restore", join(backup, "data"), restored, "--sealing", sealing);
    assert.equal(back.code, 0, back.err);
    const old = server.folder;
    rmSync(old, { recursive: true });
    cpSync(restored, old, { recursive: true });
    await server.up();
    await gone();
    assert.equal((await server.card("user:stays")).name ?? "Somebody Else", "Somebody Else");
    assert.equal(ok(await server.get(`/v1/customers/${(await server.card("user:stays")).cid}/timeline`)).events.filter((e) => e.name === "Cash Withdrawn").length, 12);
  });

  test("what the same person does later makes somebody new, who is unknown", async () => {
    await server.send([track({ userId: USER }, "Balance Seen", {})]);
    const card = await server.card(`user:${USER}`);
    assert.notEqual(card.cid, cid);
    assert.equal(JSON.stringify(card).includes(NAME), false);
    await server.stop();
    await server.up();
    assert.equal((await server.card(`user:${USER}`)).cid, card.cid);
  });

  test("needs the node's key: with another one it does not start and says so", async () => {
    await server.stop();
    const path = join(server.folder, "sealing/node-key"), key = readFileSync(path);
    writeFileSync(path, Buffer.alloc(key.length, 7));
    await assert.rejects(server.up(), /node key/);
    writeFileSync(path, key);
    await server.up();
    assert.ok((statSync(path).mode & 0o077) === 0, "nobody else may read the node's key");
  });
});
