/* A customer of any size can take a copy: it is sealed on the disk while its reader takes it, and neither memory nor others pay for that. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { unzip } from "../../demo/lib/unzip.mjs";
import { identify, ok, refused, Server, track, until } from "./server.mjs";

const EVENTS = 2500, MIB = 1024 * 1024;
const PATIENT = { "timeout-s": 600 }; // Else who takes nothing for 20 seconds is cut off.
/* Under a sanitizer, what is given back would count as memory for long. */
const env = { ASAN_OPTIONS: `quarantine_size_mb=8:thread_local_quarantine_size_kb=64:${process.env.ASAN_OPTIONS ?? ""}` };

const memory = (server) => Number(readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/^RssAnon:\s*(\d+) kB/m)[1]) / 1024;
const metric = async (server, name) => Number((await server.get("/metrics")).text.match(new RegExp(`^attune_${name} (\\S+)`, "m"))[1]);

/* Files that the server has open and that have no name any more. */
const unnamed = (server) => readdirSync(`/proc/${server.child.pid}/fd`).filter((fd) => {
  try { return readlinkSync(`/proc/${server.child.pid}/fd/${fd}`).startsWith(server.folder) && readlinkSync(`/proc/${server.child.pid}/fd/${fd}`).endsWith(" (deleted)"); } catch { return false; }
});

/* Somebody who asks, reads the head of the answer and then nothing, until told to go on: then all that came. */
const slow = (server, path, key) => new Promise((done, fail) => {
  const socket = net.connect(server.port, "127.0.0.1"), parts = [];
  socket.on("error", fail);
  socket.on("data", (part) => {
    parts.push(part);
    if (parts.length > 1) return;
    socket.pause();
    const head = part.toString("latin1");
    done({ socket, status: Number(head.match(/^HTTP\/1\.1 (\d+)/)[1]), head,
      rest: () => new Promise((end) => { socket.on("end", () => { const all = Buffer.concat(parts); end(all.subarray(all.indexOf("\r\n\r\n") + 4)); }); socket.resume(); }) });
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\n\r\n`);
});

async function large(server) {
  await server.send([identify({ userId: "large" }, { name: "Lara Large" })]);
  for (let i = 0; i < EVENTS; i += 10)
    await server.send(Array.from({ length: 10 }, (_, j) => track({ userId: "large" }, "Blob", { n: i + j, p: randomBytes(21750).toString("base64") })));
  await server.send([track({ userId: "small" }, "Came")]);
  return (await server.card("user:large")).cid;
}

describe("a copy of 70 MiB", () => {
  let server, cid, whole;
  before(async () => {
    server = await Server.start({ env, settings: PATIENT });
    cid = await large(server);
  });
  after(() => server.end());

  test("is one JSON document, whole", async () => {
    const answer = await server.get(`/v1/customers/${cid}/export`);
    whole = ok(answer);
    assert.ok(answer.bytes.length > 64 * MIB, `${answer.bytes.length} bytes`);
    assert.equal(Number(answer.headers["content-length"]), answer.bytes.length);
    assert.equal(whole.customer.name, "Lara Large");
    assert.deepEqual(whole.events.filter((e) => e.name === "Blob").map((e) => e.properties.n), Array.from({ length: EVENTS }, (_, i) => EVENTS - 1 - i));
    assert.equal(await metric(server, "spool_bytes"), 0);
  });

  test("is a zip whose files say the same and fit the sums in its manifest", async () => {
    const answer = await server.get(`/v1/customers/${cid}/export?format=zip`);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    const files = unzip(answer.bytes), manifest = JSON.parse(files.get("manifest.json"));
    assert.deepEqual([...files.keys()].slice(0, 3), ["index.html", "customer.json", "events.ndjson"]);
    for (const file of manifest.files) {
      const bytes = Buffer.from(files.get(file.name));
      assert.deepEqual([bytes.length, createHash("sha256").update(bytes).digest("hex")], [file.bytes, file.sha256], file.name);
    }
    const events = files.get("events.ndjson").split("\n").filter(Boolean);
    assert.equal(events.length, whole.events.length);
    assert.equal(JSON.parse(events[7]).properties.p, whole.events[7].properties.p);
    assert.match(manifest.digest, /^[0-9a-f]{64}$/, "and it was possible to sum up what is kept");
    assert.equal(ok(await server.get(`/v1/customers/${cid}/digest`)).digest, manifest.digest);
  });

  test("waits for six slow readers, and memory does not grow with it", async () => {
    const others = server.token("user:large"), before = memory(server), open = [];
    for (let i = 0; i < 3; i++) for (const key of [server.secret, others]) open.push(await slow(server, `/v1/customers/${cid}/export${i === 0 && key === others ? "?format=zip" : ""}`, key));
    assert.deepEqual(open.map(({ status }) => status), Array(6).fill(200));
    assert.equal(await metric(server, "spool_answers"), 6);
    assert.ok(await metric(server, "spool_bytes") > 4 * 64 * MIB);
    assert.ok(memory(server) < before + 200, `${memory(server)} MiB, ${before} before`);
    assert.ok(unnamed(server).length >= 6, "they are on the disk, where nobody finds them");
    assert.ok(!readdirSync(server.folder).some((name) => name.startsWith("spool")));
    assert.ok((await server.card("user:small")).cid, "others are answered meanwhile");
    const rest = JSON.parse(await open[0].rest());
    assert.equal(rest.events.length, whole.events.length, "one that goes on gets all of it");
    for (const { socket } of open) socket.destroy();
    await until(async () => (await metric(server, "spool_answers")) === 0, "those who are gone leave nothing");
    assert.equal(await metric(server, "spool_bytes"), 0);
    assert.deepEqual(unnamed(server), []);
  });

  test("is refused to a caller who has four that are not read, and to nobody else", async () => {
    const path = `/v1/customers/${cid}/export`, open = [];
    for (let i = 0; i < 4; i++) open.push(await slow(server, path, server.secret));
    const answer = await server.get(path);
    refused(answer, 429, "too_many_copies");
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
    const own = await slow(server, path, server.token("user:large"));
    assert.equal(own.status, 200, "the customer gets theirs");
    assert.equal((await server.get(`/v1/customers/${(await server.card("user:small")).cid}/export`)).status, 200, "and what is small needs no room");
    for (const { socket } of [...open, own]) socket.destroy();
    await until(async () => (await metric(server, "spool_answers")) === 0, "all is given back");
    assert.equal((await server.get(path)).status, 200);
  });

  test("is refused in plain words beyond the setting, and leaves nothing; what is asked for in pages goes on", async () => {
    server.settings = { ...PATIENT, "spool-max-mb": 32 };
    await server.restart();
    for (const format of ["json", "zip"]) {
      const answer = await server.get(`/v1/customers/${cid}/export?format=${format}`);
      assert.match(refused(answer, 429, "too_many_copies").message, /spool_max_mb/);
      assert.equal(answer.headers["content-disposition"], undefined);
    }
    assert.deepEqual([await metric(server, "spool_bytes"), await metric(server, "spool_answers")], [0, 0]);
    assert.equal((await server.timeline(cid)).length, whole.events.length);
  });

  test("may be restricted and erased like any other", async () => {
    server.settings = PATIENT;
    await server.restart();
    ok(await server.post(`/v1/customers/${cid}/restrict`, { restricted: true }));
    assert.equal(ok(await server.get(`/v1/customers/${cid}`)).restricted, true);
    ok(await server.delete(`/v1/customers/${cid}?because=test`));
    assert.equal((await server.get(`/v1/customers/${cid}`)).status, 404);
  });
});

describe("an answer that is too large to be given at once", () => {
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server.end());

  test("says to ask for fewer", async () => {
    const who = { userId: "odd" }, p = "\u0001".repeat(28000); // Six letters each, as JSON.
    for (let i = 0; i < 420; i += 2) await server.send([track(who, "Odd", { p }), track(who, "Odd", { p })]);
    const { cid } = await server.card("user:odd");
    assert.match(refused(await server.get(`/v1/customers/${cid}/timeline?n=1000`), 413, "too_large").message, /fewer/);
    assert.equal(ok(await server.get(`/v1/customers/${cid}/timeline?n=100`)).events.length, 100);
    assert.equal(ok(await server.get(`/v1/customers/${cid}/export`)).events.filter((e) => e.name === "Odd").length, 420);
  });
});

/* A small disk of its own, where this machine lets us make one. */
const disk = mkdtempSync(join(tmpdir(), "attune-disk-"));
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=128m", "none", disk]).status === 0;

describe("a large copy on a disk without room", { skip: mounted ? false : "mounting a small disk is not permitted here" }, () => {
  let server, cid;
  const filler = join(disk, "filler");
  before(async () => {
    server = await Server.start({ parent: disk });
    for (let i = 0; i < 80; i++) await server.send(Array.from({ length: 10 }, () => track({ userId: "large" }, "Blob", { p: randomBytes(18000).toString("base64") })));
    cid = (await server.card("user:large")).cid;
  });
  after(async () => { await server.end(); spawnSync("umount", [disk]); rmSync(disk, { recursive: true, force: true }); });

  test("is refused, leaves nothing, and takes no room from events", async () => {
    ok(await server.get(`/v1/customers/${cid}/export`));
    const free = () => Number(spawnSync("df", ["--output=avail", "-B1M", disk], { encoding: "utf8" }).stdout.split("\n")[1]);
    assert.equal(spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=1M", `count=${free() - 30}`]).status, 0);
    const left = free();
    for (const format of ["json", "zip"]) {
      const answer = await server.get(`/v1/customers/${cid}/export?format=${format}`);
      refused(answer, 503, "disk_full");
      assert.ok(Number(answer.headers["retry-after"]) >= 1);
    }
    assert.equal(await metric(server, "spool_bytes"), 0);
    assert.ok(free() >= left - 1, "nothing is left behind");
    await server.send([track({ userId: "small" }, "Came")]);
    assert.equal((await server.get("/readyz", { key: null })).status, 200);
    rmSync(filler);
    ok(await server.get(`/v1/customers/${cid}/export`));
  });
});
