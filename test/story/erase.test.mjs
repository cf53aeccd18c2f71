/* Erasing: a customer agrees, is served, withdraws, takes a copy along and is erased; nothing brings anything back. */
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { attune, binary, DAY, identify, iso, ok, refused, Server, track } from "./server.mjs";

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

describe("what an erasure leaves as it was", () => {
  const servers = [];
  const start = async () => { servers.push(await Server.start()); return servers.at(-1); };
  after(async () => { for (const server of servers) await server.end(); });
  const now = Date.now(), people = Array.from({ length: 14 }, (_, i) => `p-${i}`);
  const life = (userId, i) => [identify({ userId }, { name: `Person ${i}` }, { timestamp: iso(now - 40 * DAY) }), ...Array.from({ length: 3 + i }, (_, k) => [
    track({ userId }, "Application Started", {}, { timestamp: iso(now - (30 - k) * DAY), context: { channel: "web" } }),
    track({ userId }, k % 2 ? "Application Sent" : "Error Shown", {}, { timestamp: iso(now - (30 - k) * DAY + 60000 * (i + 1)), context: { channel: "web" } })]).flat()];
  /* Figures of the whole base that come from rows, without what says how long they took. */
  const figures = async (server) => JSON.parse(JSON.stringify([ok(await server.get("/v1/journeys?cut=gap")), ok(await server.get("/v1/participation"))],
    (key, value) => (["seconds", "until", "from", "to", "id", "took_ms"].includes(key) ? undefined : value)));

  test("figures of all others are those of a company that never knew the customer (T24)", async () => {
    const with_one = await start(), without = await start();
    for (const server of [with_one, without]) await server.send(people.flatMap(life));
    await with_one.send([identify({ userId: USER }, { name: NAME }), ...life(USER, 5)]);
    assert.notDeepEqual(await figures(with_one), await figures(without));
    certified(await with_one.delete(`/v1/customers/${(await with_one.card(`user:${USER}`)).cid}`));
    assert.deepEqual(await figures(with_one), await figures(without));
  });

  test("one of two joined is both: a joined customer is one, and is erased whole; who was parted before stays (T25, T26)", async () => {
    const server = await start();
    for (const userId of ["left", "right", "parted", "kept"]) await server.send([identify({ userId }, { name: `${userId} Canary` }), ...withdrawals(userId, 60)]);
    const cids = Object.fromEntries(await Promise.all(["left", "right", "parted", "kept"].map(async (id) => [id, (await server.card(`user:${id}`)).cid])));
    ok(await server.post(`/v1/customers/${cids.left}/merge`, { with: cids.right }));
    ok(await server.post(`/v1/customers/${cids.kept}/merge`, { with: cids.parted }));
    const joined = await server.card("user:kept"), origin = ok(await server.get(`/v1/customers/${joined.cid}/identity`)).origins.find((o) => o.origin !== joined.cid).origin;
    ok(await server.post(`/v1/customers/${joined.cid}/split`, { origin }));
    certified(await server.delete(`/v1/customers/${cids.right}`));
    certified(await server.delete(`/v1/customers/${(await server.card("user:parted")).cid}`));
    for (const id of ["left", "right", "parted"]) refused(await server.get(`/v1/customers?identifier=user:${id}`), 404, "not_found");
    const kept = await server.card("user:kept"), events = await server.timeline(kept.cid);
    assert.equal(events.filter((event) => event.name === "Cash Withdrawn").length, 12);
    assert.deepEqual(holders(server.folder, ["left Canary", "right Canary", "parted Canary"]), []);

    /* Everything that was folded is folded again from the log alone, without the keys that are gone (T26). */
    const before = [await figures(server), kept, ok(await server.get("/v1/overview")).customers];
    await server.stop();
    for (const folded of ["lookup", "columns"]) rmSync(join(server.folder, folded), { recursive: true });
    await server.up();
    assert.deepEqual([await figures(server), await server.card("user:kept"), ok(await server.get("/v1/overview")).customers], before);
    for (const id of ["left", "right", "parted"]) refused(await server.get(`/v1/customers?identifier=user:${id}`), 404, "not_found");
  });
});

const faults = join(dirname(binary), "test/fault/libfaults.so");

describe("a crash while somebody is erased (T23)", { skip: existsSync(faults) ? false : "the library of faults is not built" }, () => {
  let server;
  after(() => server.end());
  test("at every step: it was not begun and all is there, or it is finished by the next start", async () => {
    server = await Server.start({ settings: { "snapshot-every-s": 3600 } });
    await server.send([identify({ userId: USER }, { name: NAME, email: EMAIL }), identify({ userId: "stays" }, { name: "Somebody Else" }), ...withdrawals(USER, AMOUNT), ...withdrawals("stays", 40)]);
    const cid = (await server.card(`user:${USER}`)).cid, other = await server.card("user:stays");
    await server.stop();
    const clean = mkdtempSync(join(tmpdir(), "attune-clean-"));
    cpSync(server.folder, clean, { recursive: true });
    let died = 0, untouched = 0, resumed = 0;
    for (let step = 1; step <= 60; step++) {
      rmSync(server.folder, { recursive: true });
      cpSync(clean, server.folder, { recursive: true });
      server.env = { LD_PRELOAD: faults, FAULT_FOLDER: "FOLDER", FAULT_DIE: String(step), ASAN_OPTIONS: "verify_asan_link_order=0" };
      await server.up();
      writeFileSync(join(server.folder, "die"), "");
      const answer = await server.delete(`/v1/customers/${cid}`).catch(() => null);
      if (answer) { ok(answer); rmSync(join(server.folder, "die")); break; }
      died++;
      await server.exited;
      rmSync(join(server.folder, "die"));
      server.env = {};
      await server.up();
      const after = await server.get(`/v1/customers/${cid}`);
      const { erasures } = ok(await server.get("/v1/erasures"));
      if (after.status === 200) {
        assert.equal(erasures.length, 0, `step ${step}: begun, and the customer is there`);
        assert.equal((await server.timeline(cid)).filter((event) => event.name === "Cash Withdrawn").length, 12);
        untouched++;
      } else {
        assert.deepEqual(erasures.map((e) => e.done), [true], `step ${step}: finished by the start`);
        assert.deepEqual(holders(server.folder, [NAME, EMAIL, USER, "74.13"]), [], `step ${step}`);
        resumed++;
      }
      const stays = await server.card("user:stays");
      assert.equal(stays.cid, other.cid);
      assert.equal((await server.timeline(stays.cid)).filter((event) => event.name === "Cash Withdrawn").length, 12, `step ${step}: nobody else is touched`);
      await server.stop();
      assert.equal(attune("verify", server.folder).code, 0, `step ${step}`);
    }
    assert.ok(died >= 5 && untouched >= 1 && resumed >= 4, `${died} died, ${untouched} untouched, ${resumed} resumed`);
    rmSync(clean, { recursive: true, force: true });
  });
});
